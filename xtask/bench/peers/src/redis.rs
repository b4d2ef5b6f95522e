//! tower-sessions with its Redis store, at the release that this store works with.

use std::rc::Rc;

use axum::Router;
use axum::routing::get;
use session_servers::Redis;
use tower_sessions_for_redis::{Session, SessionManagerLayer};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use xtask_bench::{App, Case, Cores, THREE, Value, runtime};

pub fn cases() -> Vec<Case> {
    let server = Rc::new(Redis::start().expect("a server"));
    let cores = Cores::beside(server.pid());
    let runtime = runtime();
    let config = Config::from_url(&server.url()).expect("a URL");
    let pool = Pool::new(config, None, None, None, 1).expect("a client");
    runtime.block_on(pool.init()).expect("the server");
    let router = Router::new()
        .route("/new", get(new))
        .route("/read", get(read))
        .route("/write", get(write))
        .layer(SessionManagerLayer::new(RedisStore::new(pool)));
    let app = App::on(&runtime, "tower-sessions", router);
    let cases = [
        app.in_flight("read", "/read"),
        app.in_flight("read and write", "/write"),
    ];
    cases
        .map(|case| case.keeping(&server).keeping(&cores))
        .into()
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
    std::hint::black_box(count);
    "ok"
}

async fn write(session: Session) -> &'static str {
    let count: Option<u64> = session.get("count").await.expect("Redis");
    let next = count.unwrap_or_default() + 1;
    session.insert("count", next).await.expect("Redis");
    "ok"
}
