//! An application whose handlers can pause between opening and using their session, so that a test
//! controls how requests overlap.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::fmt;
use std::io;
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

pub const SECRET: &str = "the secret of the tests, of 32 bytes and more";

/// The text of a log. Clones are one log.
#[derive(Clone, Default)]
pub struct Log(pub Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A store that runs a hook before each operation. The hook may wait or fail. It gets the condition
/// of a `put`, and `None` for the other operations.
pub struct HookedStore<F> {
    store: MemoryStore,
    hook: F,
}

pub type HookResult = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

impl<F: Fn(Option<&Condition>) -> HookResult> HookedStore<F> {
    pub fn new(hook: F) -> Self {
        let store = MemoryStore::new();
        Self { store, hook }
    }
}

#[async_trait]
impl<F> RecordStore for HookedStore<F>
where
    F: Fn(Option<&Condition>) -> HookResult + Send + Sync + 'static,
{
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        (self.hook)(None).await?;
        self.store.load(key).await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        (self.hook)(Some(&condition)).await?;
        self.store.put(key, body, ttl, condition).await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        (self.hook)(None).await?;
        self.store.remove(key).await
    }
}

impl<F> fmt::Debug for HookedStore<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

/// Saves a session with 1 under `key`. Returns it, and the headers of a request with its cookie.
pub async fn stored_session(manager: &SessionManager, key: &str) -> (Session, HeaderMap) {
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

/// Pauses a request after it has opened its session.
pub struct Gate {
    opened: oneshot::Sender<()>,
    go: oneshot::Receiver<()>,
}

/// A request that waits at its gate.
pub struct Pending {
    response: tokio::task::JoinHandle<TestResponse>,
    go: oneshot::Sender<()>,
}

impl Pending {
    /// Lets the request run, and waits for its response.
    pub async fn resume(self) -> TestResponse {
        self.go.send(()).unwrap();
        self.response.await.unwrap()
    }
}

#[derive(Debug)]
pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl TestResponse {
    pub fn ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self
    }

    /// The new session cookie, `name=value`. Empty if the response removes it; `None` if the
    /// response does not set it.
    pub fn cookie(&self) -> Option<String> {
        let line = self.headers.get(header::SET_COOKIE)?.to_str().unwrap();
        let (pair, _) = line.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        assert_eq!(name, "__Host-session");
        Some(if value.is_empty() { String::new() } else { pair.to_owned() })
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
        Self { router, manager, gates }
    }

    /// Sends a request whose handler runs `steps`, such as `set/a/1` or `regenerate+set/user/7`.
    pub async fn get(&self, cookie: &str, steps: &str) -> TestResponse {
        read_body(self.router.clone().oneshot(request(cookie, steps, None)).await.unwrap()).await
    }

    /// Starts such a request. It pauses once its session is open.
    pub async fn start(&self, cookie: &str, steps: &str) -> Pending {
        let (opened, is_open) = oneshot::channel();
        let (go, wait) = oneshot::channel();
        let gate = format!("{}", self.gates.lock().unwrap().len());
        self.gates.lock().unwrap().insert(gate.clone(), Gate { opened, go: wait });
        let request = request(cookie, steps, Some(&gate));
        let router = self.router.clone();
        let response =
            tokio::spawn(async move { read_body(router.oneshot(request).await.unwrap()).await });
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

pub async fn read_body(response: Response<Body>) -> TestResponse {
    use http_body_util::BodyExt;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    TestResponse {
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
            .expect("the test did not resume the request")
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
                out += &session.get::<serde_json::Value>(word())?.unwrap_or_default().to_string()
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
