//! Requests in process, through axum.

use std::task::{Context, Poll};

use axum::Router;
use axum::routing::get;
use session_core::{Key, SessionStorage};
use session_http::{Error, Session, SessionCookie, SessionLayer, SessionManager};
use session_store_memory::MemoryStore;
use tower_layer::layer_fn;
use tower_service::Service;

use crate::{App, Case, THREE, Value, answer};

pub(super) const SECRET: &str = "the secret of the benches, of 32 bytes and more";
const COUNT: Key<u64> = Key::new("count");

pub(super) fn cases() -> Vec<Case> {
    let idle = App::new("idle layer", ok_routes().layer(layer_fn(Idle)));
    let apps = [bare("bare router"), idle, ours(MemoryStore::new())];
    apps.iter().flat_map(App::cases).collect()
}

/// Without sessions.
pub(super) fn bare(subject: &'static str) -> App {
    App::new(subject, ok_routes())
}

/// Our sessions in a storage.
pub(super) fn ours(storage: impl SessionStorage) -> App {
    App::new("ours", routes(storage))
}

/// The routes of [`App`] with our sessions.
pub(super) fn routes(storage: impl SessionStorage) -> Router {
    let cookie = SessionCookie::new(SECRET).expect("a long secret");
    let manager = SessionManager::new(storage, cookie);
    Router::new()
        .route("/new", get(new))
        .route("/untouched", get(async || answer(true)))
        .route("/read", get(read))
        .route("/write", get(write))
        .layer(SessionLayer::new(manager))
}

async fn new(session: Session) -> Result<&'static str, Error> {
    for (key, value) in THREE {
        match value {
            Value::Number(number) => session.set(key, &number)?,
            Value::Text(text) => session.set(key, text)?,
        }
    }
    Ok(answer(true))
}

async fn read(session: Session) -> Result<&'static str, Error> {
    let count = session.get(COUNT)?;
    Ok(answer(count.is_some()))
}

async fn write(session: Session) -> Result<&'static str, Error> {
    let count = session.get(COUNT)?;
    session.set(COUNT, &(count.unwrap_or_default() + 1))?;
    Ok(answer(count.is_some()))
}

fn ok_routes() -> Router {
    let ok = || get(async || answer(true));
    Router::new()
        .route("/new", ok())
        .route("/untouched", ok())
        .route("/read", ok())
        .route("/write", ok())
}

/// A layer that does nothing: what any layer costs.
#[derive(Clone)]
struct Idle<S>(S);

impl<S: Service<R>, R> Service<R> for Idle<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}
