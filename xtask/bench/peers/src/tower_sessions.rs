//! tower-sessions with its memory store.

use axum::Router;
use axum::routing::get;
use tower_sessions::cookie::Key;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};
use xtask_bench::{App, Case, THREE, Value, answer};

pub fn cases() -> Vec<Case> {
    let layer = SessionManagerLayer::new(MemoryStore::default());
    // The one without a signature is the fastest.
    let unsigned = App::new("tower-sessions", routes().layer(layer));
    let layer = SessionManagerLayer::new(MemoryStore::default()).with_signed(Key::generate());
    let signed = App::new("tower-sessions signed", routes().layer(layer));
    [unsigned, signed].iter().flat_map(App::cases).collect()
}

fn routes() -> Router {
    Router::new()
        .route("/new", get(new))
        .route("/untouched", get(async || answer(true)))
        .route("/read", get(read))
        .route("/write", get(write))
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

async fn read(session: Session) -> &'static str {
    let count: Option<u64> = session.get("count").await.expect("memory");
    answer(count.is_some())
}

async fn write(session: Session) -> &'static str {
    let count: Option<u64> = session.get("count").await.expect("memory");
    let next = count.unwrap_or_default() + 1;
    session.insert("count", next).await.expect("memory");
    answer(count.is_some())
}
