//! A store that waits: what overlaps with the end of a request.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError};
use session_http::{Error, Session, SessionCookie, SessionHandle, SessionLayer, SessionManager};
use session_store_memory::MemoryStore;
use support::SECRET;
use tokio::time::sleep;
use tower::ServiceExt;

/// Takes its time for each operation.
#[derive(Debug)]
struct Slow(MemoryStore);

const WAIT: Duration = Duration::from_millis(20);

#[async_trait]
impl RecordStore for Slow {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        sleep(WAIT).await;
        self.0.load(key).await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        sleep(WAIT).await;
        self.0.put(key, body, ttl, condition).await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        sleep(WAIT).await;
        self.0.remove(key).await
    }
}

/// A manager, and the cookie of a session with `a`.
async fn with_a_session() -> (SessionManager, HeaderValue) {
    let cookie = SessionCookie::new(SECRET).unwrap();
    let manager = SessionManager::new(Slow(MemoryStore::new()), cookie);
    let session = manager.open(&Default::default()).await.unwrap();
    session.set("a", &1).unwrap();
    session.commit().await.unwrap();
    let cookie = manager.cookie_for(&session).unwrap().unwrap();
    (manager, cookie)
}

fn app(manager: SessionManager, handler: MethodRouter) -> Router {
    let layer = SessionLayer::new(manager);
    Router::new().route("/", handler).layer(layer)
}

fn request(cookie: &HeaderValue) -> Request<Body> {
    let request = Request::get("/").header(header::COOKIE, cookie);
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn an_open_that_outlasts_its_request_is_refused() {
    let (manager, cookie) = with_a_session().await;
    let (send, opening) = mpsc::channel();
    let handler = move |handle: SessionHandle| async move {
        let opening = tokio::spawn(async move { handle.open().await });
        send.send(opening).unwrap();
        // It begins before the response is made.
        tokio::task::yield_now().await;
    };
    let app = app(manager, get(handler));
    app.oneshot(request(&cookie)).await.unwrap();
    let opened = opening.recv().unwrap().await.unwrap();
    let refused = Error::Session(session_core::Error::Finished).to_string();
    assert_eq!(opened.unwrap_err().to_string(), refused);
}

#[tokio::test]
async fn opens_that_overlap_give_one_session() {
    let (manager, cookie) = with_a_session().await;
    let handler = async |handle: SessionHandle| {
        let (one, other) = tokio::join!(handle.open(), handle.open());
        let (one, other) = (one.unwrap(), other.unwrap());
        one.set("b", &2).unwrap();
        assert_eq!(other.get::<u32>("b").unwrap(), Some(2));
        other.set("c", &3).unwrap();
    };
    let app = app(manager.clone(), get(handler));
    app.oneshot(request(&cookie)).await.unwrap();
    let headers = request(&cookie).headers().clone();
    let session = manager.open(&headers).await.unwrap();
    assert!(["a", "b", "c"].into_iter().all(|key| session.has(key)));
}

#[tokio::test]
async fn a_logout_whose_client_hangs_up_during_its_save_holds() {
    let (manager, cookie) = with_a_session().await;
    let (send, destroyed) = mpsc::channel();
    let handler = move |session: Session| async move {
        session.destroy().unwrap();
        send.send(()).unwrap();
    };
    let app = app(manager.clone(), get(handler));
    let mut logout = Box::pin(app.oneshot(request(&cookie)));
    while destroyed.try_recv().is_err() {
        let once = std::future::poll_fn(|cx| Poll::Ready(logout.as_mut().poll(cx)));
        assert!(once.await.is_pending(), "its save waits");
        sleep(WAIT / 10).await;
    }
    drop(logout);
    let headers = request(&cookie).headers().clone();
    for _ in 0..100 {
        if !manager.open(&headers).await.unwrap().has("a") {
            return;
        }
    }
    panic!("the logout was lost");
}
