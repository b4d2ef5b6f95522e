//! axum_session without a database, its cookie signed.

use axum::Router;
use axum::routing::get;
use axum_session::{Key, Session, SessionConfig, SessionLayer, SessionNullPool, SessionStore};
use xtask_bench::{App, THREE, Value, answer, fifty, runtime};

type Sessions = Session<SessionNullPool>;

pub fn memory() -> App {
    let config = SessionConfig::default().with_key(Key::generate());
    let runtime = runtime();
    // Its layer spawns a task when it is made.
    let _guard = runtime.enter();
    let store = runtime.block_on(SessionStore::<SessionNullPool>::new(None, config));
    let router = Router::new()
        .route("/new", get(new))
        .route("/new50", get(new50))
        .route("/untouched", get(async || "ok"))
        .route("/read", get(read))
        .route("/write", get(write))
        .route("/login", get(login))
        .layer(SessionLayer::new(store.expect("no database")));
    App::on(&runtime, "axum_session signed", router)
}

async fn new(session: Sessions) {
    for (key, value) in THREE {
        match value {
            Value::Number(number) => session.set(key, number),
            Value::Text(text) => session.set(key, text),
        }
    }
}

async fn new50(session: Sessions) {
    for (key, value) in fifty() {
        session.set(&key, value);
    }
    session.set("count", 1);
}

async fn read(session: Sessions) -> &'static str {
    let count: Option<u64> = session.get("count");
    answer(count.is_some())
}

async fn write(session: Sessions) -> &'static str {
    let count: Option<u64> = session.get("count");
    session.set("count", count.unwrap_or_default() + 1);
    answer(count.is_some())
}

async fn login(session: Sessions) -> &'static str {
    session.renew();
    session.set("user", 42);
    "ok"
}
