//! tower-sessions with its Redis store, at the release that this store works with.

use std::rc::Rc;

use axum::Router;
use axum::routing::get;
use session_servers::Redis;
use tokio::runtime::Runtime;
use tower_sessions_for_redis::{Session, SessionManagerLayer};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use xtask_bench::{App, Case, Cores, THREE, Value, Wire, answer, loopback, runtime};

const SUBJECT: &str = "tower-sessions";

pub fn cases() -> Vec<Case> {
    let server = Rc::new(Redis::start().expect("a server"));
    let cores = Cores::beside(server.pid());
    let app = app(&runtime(), &server.url());
    let cases = [
        app.in_flight("read", "/read"),
        app.in_flight("read and write", "/write"),
    ];
    cases
        .map(|case| case.keeping(&server).keeping(&cores))
        .into()
}

/// Over HTTP, with the server on the core of the application.
pub fn loopback_cases() -> Vec<Case> {
    let server = Rc::new(Redis::start().expect("a server"));
    let cores = Cores::beside(server.pid());
    let case = |scenario, path| {
        let url = server.url();
        let case = loopback(scenario, path, SUBJECT, move |on| app(on, &url));
        case.keeping(&server).keeping(&cores)
    };
    vec![
        case("read, Redis", "/read"),
        case("read and write, Redis", "/write"),
    ]
}

/// How often each request waits for the server.
pub fn round_trips() -> Vec<Case> {
    let server = Redis::start().expect("a server");
    let runtime = runtime();
    let wire = Wire::to(server.addr(), &runtime);
    let app = app(&runtime, &format!("redis://{}", wire.addr()));
    wire.round_trips(app.stored_cases())
}

fn app(runtime: &Rc<Runtime>, url: &str) -> App {
    let config = Config::from_url(url).expect("a URL");
    let pool = Pool::new(config, None, None, None, 1).expect("a client");
    runtime.block_on(pool.init()).expect("the server");
    let router = Router::new()
        .route("/new", get(new))
        .route("/untouched", get(async || "ok"))
        .route("/read", get(read))
        .route("/write", get(write))
        .route("/login", get(login))
        .layer(SessionManagerLayer::new(RedisStore::new(pool)));
    App::on(runtime, SUBJECT, router)
}

async fn new(session: Session) {
    for (key, value) in THREE {
        let set = match value {
            Value::Number(number) => session.insert(key, number).await,
            Value::Text(text) => session.insert(key, text).await,
        };
        set.expect("Redis");
    }
}

async fn read(session: Session) -> &'static str {
    let count: Option<u64> = session.get("count").await.expect("Redis");
    answer(count.is_some())
}

async fn write(session: Session) -> &'static str {
    let count: Option<u64> = session.get("count").await.expect("Redis");
    let next = count.unwrap_or_default() + 1;
    session.insert("count", next).await.expect("Redis");
    answer(count.is_some())
}

async fn login(session: Session) -> &'static str {
    session.cycle_id().await.expect("Redis");
    session.insert("user", 42).await.expect("Redis");
    "ok"
}
