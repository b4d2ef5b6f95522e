//! An application whose handlers stop between opening their session and using it, so that a test decides how they overlap.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use session_core::{
    Condition, PutOutcome, Record, RecordKey, RecordStore, SessionPolicy, StoreError,
};
use session_http::{Error, Session, SessionCookie, SessionLayer, SessionManager, SessionStorage};
use session_store_memory::MemoryStore;
use tokio::sync::oneshot;
use tower::ServiceExt;

pub const SECRET: &str = "3vJc0Ql1oXGqf9dS2nUBz8aKEpTy4RwM";

/// A store that first does what it is told, which may wait or fail; a `put` tells its condition.
pub struct After<F> {
    store: MemoryStore,
    first: F,
}

pub type First = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

impl<F: Fn(Option<&Condition>) -> First> After<F> {
    pub fn new(first: F) -> Self {
        let store = MemoryStore::new();
        Self { store, first }
    }
}

#[async_trait]
impl<F> RecordStore for After<F>
where
    F: Fn(Option<&Condition>) -> First + Send + Sync + 'static,
{
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        (self.first)(None).await?;
        self.store.load(key).await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        (self.first)(Some(&condition)).await?;
        self.store.put(key, body, ttl, condition).await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        (self.first)(None).await?;
        self.store.remove(key).await
    }
}

impl<F> fmt::Debug for After<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

/// A session with 1 under `key`, which `manager` has saved, and the header of a request that names it.
pub async fn stored(manager: &SessionManager, key: &str) -> (Session, HeaderMap) {
    let session = manager.open(&HeaderMap::new()).await.unwrap();
    session.set(key, &1).unwrap();
    session.commit().await.unwrap();
    let cookie = manager.cookie_for(&session).unwrap().unwrap();
    (session, HeaderMap::from_iter([(header::COOKIE, cookie)]))
}

pub fn with_headers(headers: &HeaderMap) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    request.headers_mut().clone_from(headers);
    request
}

/// Where a request waits between opening its session and acting on it.
pub struct Gate {
    opened: oneshot::Sender<()>,
    go: oneshot::Receiver<()>,
}

/// A request that has opened its session, or is about to.
pub struct Pending {
    response: tokio::task::JoinHandle<Answer>,
    go: oneshot::Sender<()>,
}

impl Pending {
    /// Lets the request act and waits for its response.
    pub async fn finish(self) -> Answer {
        self.go.send(()).unwrap();
        self.response.await.unwrap()
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self
    }

    /// The cookie that the browser now sends; empty if it was removed.
    pub fn cookie(&self) -> Option<String> {
        let line = self.headers.get(header::SET_COOKIE)?.to_str().unwrap();
        let (pair, _) = line.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        assert_eq!(name, "__Host-session");
        Some(if value.is_empty() {
            String::new()
        } else {
            pair.to_owned()
        })
    }
}

#[derive(Clone)]
pub struct App {
    router: Router,
    pub manager: SessionManager,
    gates: Arc<Mutex<HashMap<String, Gate>>>,
}

impl App {
    pub fn new(storage: impl SessionStorage) -> Self {
        Self::with(storage, SessionPolicy::default())
    }

    pub fn with(storage: impl SessionStorage, policy: SessionPolicy) -> Self {
        let gates = Arc::default();
        let manager =
            SessionManager::new(storage, SessionCookie::new(SECRET).unwrap()).policy(policy);
        let router = Router::new()
            .route("/act/{*steps}", get(act))
            .route("/untouched", get(async || "untouched"))
            .layer(Extension(Arc::clone(&gates)))
            .layer(SessionLayer::new(manager.clone()));
        Self {
            router,
            manager,
            gates,
        }
    }

    /// Sends a request whose handler does `steps`, such as `set/a/1` or `regenerate+set/user/7`, and waits for its response.
    pub async fn get(&self, cookie: &str, steps: &str) -> Answer {
        answer(
            self.router
                .clone()
                .oneshot(request(cookie, steps, None))
                .await
                .unwrap(),
        )
        .await
    }

    /// Starts such a request, and returns once its session is open.
    pub async fn start(&self, cookie: &str, steps: &str) -> Pending {
        let (opened, is_open) = oneshot::channel();
        let (go, wait) = oneshot::channel();
        let gate = format!("{}", self.gates.lock().unwrap().len());
        self.gates
            .lock()
            .unwrap()
            .insert(gate.clone(), Gate { opened, go: wait });
        let request = request(cookie, steps, Some(&gate));
        let router = self.router.clone();
        let response =
            tokio::spawn(async move { answer(router.oneshot(request).await.unwrap()).await });
        is_open.await.unwrap();
        Pending { response, go }
    }

    pub fn router(&self) -> Router {
        self.router.clone()
    }
}

pub fn request(cookie: &str, steps: &str, gate: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().uri(format!("/act/{steps}"));
    if !cookie.is_empty() {
        request = request.header(header::COOKIE, cookie);
    }
    if let Some(gate) = gate {
        request = request.header("gate", gate);
    }
    request.body(Body::empty()).unwrap()
}

pub async fn answer(response: Response<Body>) -> Answer {
    use http_body_util::BodyExt;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn act(
    State(()): State<()>,
    Extension(gates): Extension<Arc<Mutex<HashMap<String, Gate>>>>,
    Path(steps): Path<String>,
    headers: HeaderMap,
    session: Session,
) -> Result<String, Error> {
    let gate = headers.get("gate").and_then(|name| {
        let name = name.to_str().unwrap();
        gates.lock().unwrap().remove(name)
    });
    if let Some(gate) = gate {
        gate.opened.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(20), gate.go)
            .await
            .expect("the test let the request wait")
            .unwrap();
    }
    let mut out = String::new();
    for step in steps.split('+') {
        let mut words = step.split('/');
        let mut word = || words.next().unwrap_or_default().to_owned();
        match word().as_str() {
            "set" => session.set(word(), &word())?,
            "count" => {
                session.update(word(), |n: Option<u32>| Some(n.unwrap_or(0) + 1))?;
            }
            "get" => {
                out += &session
                    .get::<serde_json::Value>(word())?
                    .unwrap_or_default()
                    .to_string()
            }
            "flash" => session.flash(word(), &word())?,
            "regenerate" => session.regenerate_id()?,
            "destroy" => session.destroy()?,
            "restart" => session.restart()?,
            "commit" => {
                session.commit().await?;
            }
            "fail" => return Err(Error::NoLayer),
            "panic" => panic!("the handler panicked"),
            "read" => {}
            other => panic!("no such step: {other}"),
        }
    }
    Ok(out)
}
