//! The layer: what it adds to responses, and what it answers when something is wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::convert::Infallible;
use std::future::{Future, Ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
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
use support::{After, App, SECRET, answer};
use tower::{Layer, Service, ServiceExt};

#[tokio::test]
async fn a_layer_goes_around_a_whole_router_too() {
    let visit = async |session: Session| {
        let visits = session.update("visits", |n: Option<u32>| Some(n.unwrap_or(0) + 1))?;
        Ok::<_, Error>(visits.unwrap_or_default().to_string())
    };
    let routes = Router::new().route("/", get(visit));
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let service = SessionLayer::new(manager).layer(routes);
    let ask = async |path: &str, cookie: &str| {
        let request = Request::get(path).header(header::COOKIE, cookie);
        let response = service
            .clone()
            .oneshot(request.body(Body::empty()).unwrap());
        answer(response.await.unwrap()).await
    };
    let first = ask("/", "").await;
    let cookie = first.cookie().unwrap();
    assert_eq!(first.ok().body, "1");
    let none = ask("/elsewhere", &cookie).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert_eq!(none.headers.get(header::SET_COOKIE), None);
    assert_eq!(ask("/", &cookie).await.ok().body, "2");
}

#[tokio::test]
async fn headers_are_added_only_where_they_are_due() {
    let app = App::new(MemoryStore::new());
    let new = app.get("", "set/a/1").await.ok();
    assert_eq!(
        new.headers[header::CACHE_CONTROL],
        "no-cache=\"Set-Cookie\""
    );
    assert_eq!(new.headers[header::VARY], "Cookie");
    let line = new.headers[header::SET_COOKIE].to_str().unwrap();
    for attribute in [
        "; Max-Age=1209600",
        "; Path=/",
        "; HttpOnly",
        "; Secure",
        "; SameSite=Lax",
    ] {
        assert!(line.contains(attribute), "{line}");
    }
    let cookie = new.cookie().unwrap();
    let read = app.get(&cookie, "get/a").await.ok();
    assert_eq!(read.headers.get(header::CACHE_CONTROL), None);
    assert_eq!(read.headers[header::VARY], "Cookie");

    let untouched = Request::get("/untouched").header(header::COOKIE, &cookie);
    let untouched = app
        .router()
        .oneshot(untouched.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(untouched.headers().get(header::VARY), None);
    assert_eq!(untouched.headers().get(header::SET_COOKIE), None);
}

#[tokio::test]
async fn cookies_that_name_nothing_begin_a_new_session() {
    let app = App::new(MemoryStore::new());
    let cookie = app.get("", "set/a/1").await.ok().cookie().unwrap();
    let forged = cookie.replace("s1.", "s1.A");
    for bad in [
        "__Host-session=",
        "__Host-session=;;;",
        "__Host-session=\u{fc}",
        &forged,
        "\"",
        "=",
        "a",
    ] {
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
async fn a_failed_handler_saves_and_a_panicked_one_does_not() {
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
async fn a_handler_that_destroys_or_writes_after_says_so() {
    let app = App::new(MemoryStore::new());
    let cookie = app.get("", "set/a/1").await.ok().cookie().unwrap();
    let refused = app.get(&cookie, "destroy+set/b/1").await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(refused.cookie(), Some(String::new()));
    assert_eq!(app.get(&cookie, "get/a").await.ok().body, "null");
}

/// What a handler hands out: its session, and its handle or not.
type Kept = (Option<SessionHandle>, Session);

/// An application whose handler sets `a`, hands out what it was given, and answers unless it hangs.
fn leaky(hangs: bool, with_handle: bool) -> (Router, mpsc::Receiver<Kept>) {
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

/// Nobody would save what was set in it.
async fn takes_no_more_changes((handle, session): Kept) {
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
async fn a_session_kept_beyond_its_response_is_finished() {
    for with_handle in [true, false] {
        let (app, kept) = leaky(false, with_handle);
        let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        takes_no_more_changes(kept.recv().unwrap()).await;
    }
}

#[tokio::test]
async fn a_session_kept_beyond_a_request_that_was_dropped_is_finished() {
    for with_handle in [true, false] {
        let (app, kept) = leaky(true, with_handle);
        let mut request = Box::pin(app.oneshot(Request::new(Body::empty())));
        let mut context = Context::from_waker(Waker::noop());
        assert!(request.as_mut().poll(&mut context).is_pending());
        drop(request);
        takes_no_more_changes(kept.recv().unwrap()).await;
    }
}

#[tokio::test]
async fn a_handle_kept_beyond_its_response_opens_nothing() {
    let (send, kept) = mpsc::channel();
    let handler = move |handle: SessionHandle| async move { send.send(handle).unwrap() };
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let app = Router::new().route("/", get(handler));
    let app = app.layer(SessionLayer::new(manager));
    app.oneshot(Request::new(Body::empty())).await.unwrap();
    let refused = kept.recv().unwrap().open().await.unwrap_err();
    assert!(matches!(
        refused,
        Error::Session(session_core::Error::Closed)
    ));
}

/// What comes of a future that need not wait.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(came) => came,
        Poll::Pending => panic!("it waits"),
    }
}

/// A service whose `call` opens the session, hands it out and panics, before there is a future.
#[derive(Clone)]
struct Panics {
    kept: mpsc::Sender<Kept>,
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
        let session = at_once(handle.open()).unwrap();
        session.set("a", &1).unwrap();
        let handle = self.with_handle.then_some(handle);
        self.kept.send((handle, session)).unwrap();
        panic!("as it begins");
    }
}

#[tokio::test]
async fn a_service_that_panics_when_called_closes_its_session() {
    for with_handle in [true, false] {
        let (kept, receive) = mpsc::channel();
        let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
        let mut service = SessionLayer::new(manager).layer(Panics { kept, with_handle });
        let call = AssertUnwindSafe(|| drop(service.call(Request::new(Body::empty()))));
        assert!(catch_unwind(call).is_err());
        takes_no_more_changes(receive.try_recv().unwrap()).await;
    }
}

/// Asks its request for the session when it goes.
struct Asks(SessionHandle);

impl Drop for Asks {
    fn drop(&mut self) {
        at_once(self.0.open()).unwrap();
    }
}

#[test]
fn what_a_save_drops_may_ask_for_the_session() {
    let (send, answered) = mpsc::channel();
    std::thread::spawn(move || {
        let handler = async |handle: SessionHandle, session: Session| {
            let asks = Asks(handle);
            let up = move |count: Option<u32>| {
                let _kept = &asks;
                Some(count.unwrap_or(0) + 1)
            };
            session.update("count", up).unwrap();
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
    let answered = answered.recv_timeout(Duration::from_secs(20));
    assert_eq!(answered.unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn no_layer_and_two_layers_are_clear_errors() {
    let bare = Router::<()>::new().route("/", get(|_: Session| async {}));
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let layer = SessionLayer::new(manager).on_error(|error: &session_http::Error| {
        axum::http::Response::new(Body::from(format!("page: {error}")))
    });
    let twice = bare.clone().layer(layer.clone()).layer(layer);
    for (app, says) in [
        (bare, "The session could not be kept"),
        (twice, "page: two SessionLayers"),
    ] {
        let request = Request::get("/").body(Body::empty()).unwrap();
        let answer = answer(app.oneshot(request).await.unwrap()).await;
        assert!(answer.body.contains(says), "{answer:?}");
    }
}

#[tokio::test]
async fn what_was_not_kept_is_an_error_and_an_earlier_commits_cookie_still_goes() {
    let full = Arc::new(AtomicBool::new(false));
    let is_full = Arc::clone(&full);
    let store = After::new(move |put| {
        let kept = match put {
            Some(_) if is_full.load(SeqCst) => Err(StoreError::new(
                StoreErrorKind::Unavailable,
                "the store is full",
            )),
            _ => Ok(()),
        };
        Box::pin(std::future::ready(kept))
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
    let answer = answer(app.oneshot(request).await.unwrap()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.body, "");
    assert!(answer.cookie().unwrap().len() > 40);
}

#[tokio::test]
async fn a_handle_prints_no_cookie() {
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let print = async |handle: SessionHandle| format!("{handle:?}");
    let app = Router::new()
        .route("/", get(print))
        .layer(SessionLayer::new(manager));
    let request = Request::get("/").header(header::COOKIE, "theme=dark; __Host-session=s1.an-id.x");
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await;
    let body = answer(response.unwrap()).await.ok().body;
    assert!(body.contains("SessionHandle"), "{body}");
    assert!(!body.contains("an-id") && !body.contains("dark"), "{body}");
}
