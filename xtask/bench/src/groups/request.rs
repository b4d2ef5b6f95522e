//! Requests in process, through axum.

use std::task::{Context, Poll};

use axum::Router;
use axum::routing::get;
use session_core::{Key, SessionStorage};
use session_http::{Error, Session, SessionCookie, SessionLayer, SessionManager};
use session_store_memory::MemoryStore;
use tower_layer::{Layer, layer_fn};
use tower_service::Service;

use super::values;
use crate::{App, Case, THREE, Value, answer, fifty};

pub(crate) const SECRET: &str = "3vJc0Ql1oXGqf9dS2nUBz8aKEpTy4RwM";
const COUNT: Key<u64> = Key::new("count");
const USER: Key<u64> = Key::new("user");

pub(super) fn cases() -> Vec<Case> {
    let floors = [bare(), idle_layer()];
    let mut cases: Vec<_> = floors.iter().flat_map(App::cases).collect();
    cases.extend(values::cases());
    cases.extend(ours(MemoryStore::new()).cases());
    cases
}

/// Without sessions: what no library can go below.
pub fn bare() -> App {
    let ok = || get(async || "ok");
    let router = Router::new()
        .route("/new", ok())
        .route("/new50", ok())
        .route("/untouched", ok())
        .route("/read", ok())
        .route("/write", ok())
        .route("/login", ok());
    App::new("bare router", router)
}

/// With a layer that does nothing: axum boxes every layer's future.
pub(super) fn idle_layer() -> App {
    App::new("idle layer", bare().router.layer(layer_fn(Idle)))
}

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

/// Our sessions in a storage.
pub fn ours(storage: impl SessionStorage) -> App {
    App::new("ours", our_routes(storage))
}

/// A manager of sessions in a storage, with the same secret each time.
pub(super) fn manager(storage: impl SessionStorage) -> SessionManager {
    let cookie = SessionCookie::new(SECRET).expect("a long secret");
    SessionManager::new(storage, cookie)
}

/// The routes of [`App`] with our sessions.
pub(super) fn our_routes(storage: impl SessionStorage) -> Router {
    layered(SessionLayer::new(manager(storage)))
}

fn layered<L>(layer: L) -> Router
where
    L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
    L::Service: Service<axum::extract::Request> + Clone + Send + Sync + 'static,
    <L::Service as Service<axum::extract::Request>>::Response: axum::response::IntoResponse,
    <L::Service as Service<axum::extract::Request>>::Error: Into<std::convert::Infallible>,
    <L::Service as Service<axum::extract::Request>>::Future: Send,
{
    Router::new()
        .route("/new", get(new))
        .route("/new50", get(new50))
        .route("/untouched", get(async || "ok"))
        .route("/read", get(read))
        .route("/write", get(write))
        .route("/login", get(login))
        .layer(layer)
}

async fn new(session: Session) -> Result<&'static str, Error> {
    for (key, value) in THREE {
        match value {
            Value::Number(number) => session.set(key, &number)?,
            Value::Text(text) => session.set(key, text)?,
        }
    }
    Ok("ok")
}

async fn new50(session: Session) -> Result<&'static str, Error> {
    for (key, value) in fifty() {
        session.set(key, &value)?;
    }
    session.set(COUNT, &1)?;
    Ok("ok")
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

async fn login(session: Session) -> Result<&'static str, Error> {
    session.regenerate_id()?;
    session.set(USER, &42)?;
    Ok("ok")
}
