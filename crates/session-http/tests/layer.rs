//! The layer: the headers that it adds, and its error responses.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::convert::Infallible;
use std::future::{Future, Ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use axum::routing::get;
use session_cookie::CookieStorage;
use session_core::{Clock, SessionPolicy, StoreError, StoreErrorKind};
use session_http::{Error, Session, SessionCookie, SessionHandle, SessionLayer, SessionManager};
use session_store_memory::MemoryStore;
use support::{App, HookedStore, SECRET, read_body, stored_session, with_headers};
use tower::{Layer, Service, ServiceExt};

#[tokio::test]
async fn a_layer_can_wrap_a_whole_router() {
    let visit = async |session: Session| {
        let visits = session.update("visits", |n: Option<u32>| Some(n.unwrap_or(0) + 1))?;
        Ok::<_, Error>(visits.unwrap_or_default().to_string())
    };
    let routes = Router::new().route("/", get(visit));
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let service = SessionLayer::new(manager).layer(routes);
    let send = async |path: &str, cookie: &str| {
        let request = Request::get(path).header(header::COOKIE, cookie);
        let response = service.clone().oneshot(request.body(Body::empty()).unwrap());
        read_body(response.await.unwrap()).await
    };
    let first = send("/", "").await;
    let cookie = first.cookie().unwrap();
    assert_eq!(first.ok().body, "1");
    let not_found = send("/elsewhere", &cookie).await;
    assert_eq!(not_found.status, StatusCode::NOT_FOUND);
    assert_eq!(not_found.headers.get(header::SET_COOKIE), None);
    assert_eq!(send("/", &cookie).await.ok().body, "2");
}

#[tokio::test]
async fn headers_are_added_only_when_needed() {
    let app = App::new(MemoryStore::new());
    let new = app.get("", "set/a/1").await.ok();
    assert_eq!(new.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(new.headers[header::VARY], "Cookie");
    let line = new.headers[header::SET_COOKIE].to_str().unwrap();
    for attribute in ["; Max-Age=1209600", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"] {
        assert!(line.contains(attribute), "{line}");
    }
    let cookie = new.cookie().unwrap();
    let read = app.get(&cookie, "get/a").await.ok();
    assert_eq!(read.headers.get(header::CACHE_CONTROL), None);
    assert_eq!(read.headers[header::VARY], "Cookie");

    let untouched = Request::get("/untouched").header(header::COOKIE, &cookie);
    let untouched = app.router().oneshot(untouched.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(untouched.headers().get(header::VARY), None);
    assert_eq!(untouched.headers().get(header::SET_COOKIE), None);
}

#[tokio::test]
async fn invalid_cookies_open_a_new_session() {
    let app = App::new(MemoryStore::new());
    let cookie = app.get("", "set/a/1").await.ok().cookie().unwrap();
    let forged = cookie.replace("s1.", "s1.A");
    for bad in
        ["__Host-session=", "__Host-session=;;;", "__Host-session=\u{fc}", &forged, "\"", "=", "a"]
    {
        let read = app.get(bad, "get/a").await.ok();
        assert_eq!((read.body.as_str(), read.cookie()), ("null", None), "{bad}");
        assert!(app.get(bad, "set/b/1").await.ok().cookie().is_some());
    }
    let both = format!("{forged}; {cookie}");
    assert_eq!(app.get(&both, "get/a").await.ok().body, "\"1\"");
    let other = App::with(MemoryStore::new(), SessionPolicy::default());
    assert_eq!(other.get(&cookie, "get/a").await.ok().body, "null");
}

#[tokio::test]
async fn a_session_expires_by_the_policys_clock() {
    let clock = Clock::manual();
    let policy = SessionPolicy::default().clock(clock.clone());
    let app = App::with(MemoryStore::new(), policy);
    let cookie = app.get("", "set/a/1").await.ok().cookie().unwrap();
    for _ in 0..13 {
        clock.advance(Duration::from_secs(23 * 3600));
        assert_eq!(app.get(&cookie, "get/a").await.ok().body, "\"1\"");
    }
    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(app.get(&cookie, "get/a").await.ok().body, "null");
}

#[tokio::test]
async fn changes_are_saved_after_an_error_but_not_after_a_panic() {
    let app = App::new(MemoryStore::new());
    let cookie = app.get("", "set/a/1").await.ok().cookie().unwrap();
    let failed = app.get(&cookie, "set/a/2+fail").await;
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(app.get(&cookie, "get/a").await.ok().body, "\"2\"");
    let panicking = app.clone();
    let same = cookie.clone();
    let panicked = tokio::spawn(async move { panicking.get(&same, "set/a/3+panic").await });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(app.get(&cookie, "get/a").await.ok().body, "\"2\"");
}

#[tokio::test]
async fn a_write_after_destroy_is_an_error_and_the_session_is_destroyed() {
    let app = App::new(MemoryStore::new());
    let cookie = app.get("", "set/a/1").await.ok().cookie().unwrap();
    let refused = app.get(&cookie, "destroy+set/b/1").await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(refused.cookie(), Some(String::new()));
    assert_eq!(app.get(&cookie, "get/a").await.ok().body, "null");
}

/// What a handler leaks: its session, and perhaps its handle.
type Leaked = (Option<SessionHandle>, Session);

/// An application whose handler sets `a`, leaks its session, and then returns or hangs.
fn leaking_app(hangs: bool, with_handle: bool) -> (Router, mpsc::Receiver<Leaked>) {
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let (send, receive) = mpsc::channel();
    let handler = move |handle: SessionHandle, session: Session| async move {
        session.set("a", &1).unwrap();
        send.send((with_handle.then_some(handle), session)).unwrap();
        if hangs {
            std::future::pending::<()>().await;
        }
    };
    let app = Router::new().route("/", get(handler));
    (app.layer(SessionLayer::new(manager)), receive)
}

/// A change would never be saved, so it must be an error.
async fn assert_closed((handle, session): Leaked) {
    assert_eq!(session.get::<u32>("a").unwrap(), Some(1));
    let mut sessions = vec![session];
    if let Some(handle) = handle {
        sessions.push(handle.open().await.unwrap());
    }
    for session in sessions {
        let refused = session.set("a", &2).unwrap_err();
        assert!(matches!(refused, session_core::Error::Closed));
    }
}

#[tokio::test]
async fn a_session_used_after_its_response_is_closed() {
    for with_handle in [true, false] {
        let (app, leaked) = leaking_app(false, with_handle);
        let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_closed(leaked.recv().unwrap()).await;
    }
}

#[tokio::test]
async fn a_session_used_after_its_request_was_dropped_is_closed() {
    for with_handle in [true, false] {
        let (app, leaked) = leaking_app(true, with_handle);
        let mut request = Box::pin(app.oneshot(Request::new(Body::empty())));
        let mut context = Context::from_waker(Waker::noop());
        assert!(request.as_mut().poll(&mut context).is_pending());
        drop(request);
        assert_closed(leaked.recv().unwrap()).await;
    }
}

#[tokio::test]
async fn a_handle_used_after_its_response_cannot_open_the_session() {
    let (send, leaked) = mpsc::channel();
    let handler = move |handle: SessionHandle| async move { send.send(handle).unwrap() };
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let app = Router::new().route("/", get(handler));
    let app = app.layer(SessionLayer::new(manager));
    app.oneshot(Request::new(Body::empty())).await.unwrap();
    let refused = leaked.recv().unwrap().open().await.unwrap_err();
    assert!(matches!(refused, Error::Session(session_core::Error::Closed)));
}

/// The output of a future that is ready at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is pending"),
    }
}

/// Changes the session when its future is dropped, as a guard of a middleware may do.
#[derive(Clone)]
struct WritesWhenDropped<S>(S);

struct GuardedFuture {
    inner: Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>,
    session: Arc<Mutex<Option<Session>>>,
}

impl Future for GuardedFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner.as_mut().poll(cx)
    }
}

impl Drop for GuardedFuture {
    fn drop(&mut self) {
        let session = self.session.lock().unwrap().take().unwrap();
        session.set("dropped", &true).unwrap();
    }
}

impl<S> Service<Request<Body>> for WritesWhenDropped<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = GuardedFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> GuardedFuture {
        let handle = SessionHandle::of(request.extensions()).unwrap().clone();
        let session = Arc::new(Mutex::new(None));
        let (inner, opened) = (self.0.clone(), Arc::clone(&session));
        let inner = Box::pin(async move {
            *opened.lock().unwrap() = Some(handle.open().await.unwrap());
            inner.oneshot(request).await
        });
        GuardedFuture { inner, session }
    }
}

#[tokio::test]
async fn changes_made_when_the_handlers_future_is_dropped_are_saved() {
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let routes = Router::new().route("/", get(async || ()));
    let service = SessionLayer::new(manager.clone()).layer(WritesWhenDropped(routes));
    let response = service.oneshot(Request::new(Body::empty())).await.unwrap();
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    let mut headers = axum::http::HeaderMap::new();
    let pair = cookie.split(';').next().unwrap();
    headers.insert(header::COOKIE, pair.parse().unwrap());
    let session = manager.open(&headers).await.unwrap();
    assert_eq!(session.get::<bool>("dropped").unwrap(), Some(true));
}

/// A service whose `call` opens the session, leaks it, and panics before it returns a future.
#[derive(Clone)]
struct Panics {
    leaked: mpsc::Sender<Leaked>,
    with_handle: bool,
}

impl Service<Request<Body>> for Panics {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let handle = SessionHandle::of(request.extensions()).unwrap().clone();
        let session = ready(handle.open()).unwrap();
        session.set("a", &1).unwrap();
        let handle = self.with_handle.then_some(handle);
        self.leaked.send((handle, session)).unwrap();
        panic!("in call");
    }
}

#[tokio::test]
async fn a_service_that_panics_when_called_closes_its_session() {
    for with_handle in [true, false] {
        let (leaked, receive) = mpsc::channel();
        let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
        let mut service = SessionLayer::new(manager).layer(Panics { leaked, with_handle });
        let call = AssertUnwindSafe(|| drop(service.call(Request::new(Body::empty()))));
        assert!(catch_unwind(call).is_err());
        assert_closed(receive.try_recv().unwrap()).await;
    }
}

/// Opens the session of its request when it is dropped.
struct OpensOnDrop(SessionHandle);

impl Drop for OpensOnDrop {
    fn drop(&mut self) {
        ready(self.0.open()).unwrap();
    }
}

#[test]
fn a_closure_that_a_save_drops_may_open_the_session() {
    let (send, status) = mpsc::channel();
    std::thread::spawn(move || {
        let handler = async |handle: SessionHandle, session: Session| {
            let guard = OpensOnDrop(handle);
            let plus_one = move |count: Option<u32>| {
                let _guard = &guard;
                Some(count.unwrap_or(0) + 1)
            };
            session.update("count", plus_one).unwrap();
        };
        let cookie = SessionCookie::new(SECRET).unwrap();
        let manager = SessionManager::new(CookieStorage::new(), cookie);
        let app = Router::new().route("/", get(handler));
        let app = app.layer(SessionLayer::new(manager));
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build().unwrap();
        let response = runtime.block_on(app.oneshot(Request::new(Body::empty())));
        send.send(response.unwrap().status()).unwrap();
    });
    let status = status.recv_timeout(Duration::from_secs(20));
    assert_eq!(status.unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn no_layer_and_two_layers_are_clear_errors() {
    let bare = Router::<()>::new().route("/", get(|_: Session| async {}));
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let layer = SessionLayer::new(manager).on_error(|error: &session_http::Error| {
        axum::http::Response::new(Body::from(format!("page: {error}")))
    });
    let twice = bare.clone().layer(layer.clone()).layer(layer);
    for (app, says) in [(bare, "The session could not be kept"), (twice, "page: two SessionLayers")]
    {
        let request = Request::get("/").body(Body::empty()).unwrap();
        let response = read_body(app.oneshot(request).await.unwrap()).await;
        assert!(response.body.contains(says), "{response:?}");
    }
}

/// Its answer replaces that of a session that was not opened, too; without it the client gets a
/// plain sentence.
#[tokio::test]
async fn on_error_answers_for_a_session_that_was_not_opened() {
    let down = HookedStore::new(|_| {
        let error = StoreError::new(StoreErrorKind::Unavailable, "the store is down");
        Box::pin(std::future::ready(Err(error)))
    });
    let manager = SessionManager::new(down, SessionCookie::new(SECRET).unwrap());
    let headers = {
        let up = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
        stored_session(&up, "user").await.1
    };
    let app = Router::new().route("/extractor", get(async |_: Session| "all went well")).route(
        "/handler",
        get(async |handle: SessionHandle| handle.open().await.map(|_| "all went well")),
    );
    let page = |error: &Error| {
        let mut response = Response::new(Body::from("our own page"));
        *response.status_mut() = error.status();
        response
    };
    let plain = app.clone().layer(SessionLayer::new(manager.clone()));
    let own = app.layer(SessionLayer::new(manager).on_error(page));
    for (app, says) in [(plain, "The session could not be reached"), (own, "our own page")] {
        for path in ["/extractor", "/handler"] {
            let mut request = with_headers(&headers);
            *request.uri_mut() = path.parse().unwrap();
            let response = read_body(app.clone().oneshot(request).await.unwrap()).await;
            assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(response.body.contains(says), "{response:?}");
        }
    }
}

#[tokio::test]
async fn a_failed_save_is_an_error_that_still_sets_the_cookie_of_an_earlier_commit() {
    let full = Arc::new(AtomicBool::new(false));
    let is_full = Arc::clone(&full);
    let store = HookedStore::new(move |put| {
        let result = match put {
            Some(_) if is_full.load(SeqCst) => {
                Err(StoreError::new(StoreErrorKind::Unavailable, "the store is full"))
            }
            _ => Ok(()),
        };
        Box::pin(std::future::ready(result))
    });
    let manager = SessionManager::new(store, SessionCookie::new(SECRET).unwrap());
    let app = Router::new()
        .route(
            "/",
            get(move |session: Session| async move {
                session.set("a", &1).unwrap();
                session.commit().await.unwrap();
                full.store(true, SeqCst);
                session.set("a", &2).unwrap();
                "all went well"
            }),
        )
        .layer(SessionLayer::new(manager));
    let request = Request::get("/").body(Body::empty()).unwrap();
    let response = read_body(app.oneshot(request).await.unwrap()).await;
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.body, "");
    assert!(response.cookie().unwrap().len() > 40);
}

#[tokio::test]
async fn debug_of_a_handle_shows_no_cookie() {
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let print = async |handle: SessionHandle| format!("{handle:?}");
    let app = Router::new().route("/", get(print)).layer(SessionLayer::new(manager));
    let request = Request::get("/").header(header::COOKIE, "theme=dark; __Host-session=s1.an-id.x");
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await;
    let body = read_body(response.unwrap()).await.ok().body;
    assert!(body.contains("SessionHandle"), "{body}");
    assert!(!body.contains("an-id") && !body.contains("dark"), "{body}");
}
