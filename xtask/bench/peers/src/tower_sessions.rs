//! tower-sessions with its memory store.

use axum::Router;
use axum::routing::get;
use tower_sessions::cookie::Key;
use tower_sessions::session::Error;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};
use xtask_bench::{App, THREE, Value, answer, fifty};

/// Its fastest: the cookie is a bare id.
pub fn unsigned() -> App {
    let layer = SessionManagerLayer::new(MemoryStore::default());
    App::new("tower-sessions", routes().layer(layer))
}

/// With a signed cookie, as ours always is.
pub fn signed() -> App {
    let layer = SessionManagerLayer::new(MemoryStore::default()).with_signed(Key::generate());
    App::new("tower-sessions signed", routes().layer(layer))
}

fn routes() -> Router {
    Router::new()
        .route("/new", get(new))
        .route("/new50", get(new50))
        .route("/untouched", get(async || "ok"))
        .route("/read", get(read))
        .route("/write", get(write))
        .route("/login", get(login))
}

async fn new(session: Session) {
    for (key, value) in THREE {
        let set = match value {
            Value::Number(number) => session.insert(key, number).await,
            Value::Text(text) => session.insert(key, text).await,
        };
        set.expect("memory");
    }
}

async fn new50(session: Session) {
    for (key, value) in fifty() {
        session.insert(&key, value).await.expect("memory");
    }
    session.insert("count", 1).await.expect("memory");
}

async fn read(session: Session) -> &'static str {
    let count: Result<Option<u64>, Error> = session.get("count").await;
    answer(count.expect("memory").is_some())
}

async fn write(session: Session) -> &'static str {
    let count: Option<u64> = session.get("count").await.expect("memory");
    let next = count.unwrap_or_default() + 1;
    session.insert("count", next).await.expect("memory");
    answer(count.is_some())
}

async fn login(session: Session) -> &'static str {
    session.cycle_id().await.expect("memory");
    session.insert("user", 42).await.expect("memory");
    "ok"
}
