//! tower-sessions with its Redis store, in the version that this store works with.

use std::rc::Rc;

use axum::Router;
use axum::routing::get;
use tokio::runtime::Runtime;
use tower_sessions_for_redis::{Session, SessionManagerLayer};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use xtask_bench::{App, THREE, Value, answer};

pub fn app(runtime: &Rc<Runtime>, url: &str) -> App {
    let config = Config::from_url(url).expect("a URL");
    let pool = Pool::new(config, None, None, None, 1).expect("a client");
    runtime.block_on(pool.init()).expect("the server");
    let router = Router::new()
        .route("/new", get(new))
        .route("/untouched", get(async || answer(true)))
        .route("/read", get(read))
        .route("/write", get(write))
        .layer(SessionManagerLayer::new(RedisStore::new(pool)));
    App::on(runtime, "tower-sessions", router)
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
