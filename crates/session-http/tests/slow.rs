//! A slow store: operations that overlap with the end of a request.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{MethodRouter, get};
use session_http::{Error, Session, SessionCookie, SessionHandle, SessionLayer, SessionManager};
use support::{HookedStore, SECRET, stored_session, with_headers};
use tokio::time::sleep;
use tower::ServiceExt;

/// The duration of each operation.
const WAIT: Duration = Duration::from_millis(20);

/// A manager on a slow store, and the headers of a request whose session has `a`.
async fn slow_manager() -> (SessionManager, HeaderMap) {
    let slow = HookedStore::new(|_| {
        Box::pin(async {
            sleep(WAIT).await;
            Ok(())
        })
    });
    let manager = SessionManager::new(slow, SessionCookie::new(SECRET).unwrap());
    let (_, headers) = stored_session(&manager, "a").await;
    (manager, headers)
}

fn app(manager: SessionManager, handler: MethodRouter) -> Router {
    let layer = SessionLayer::new(manager);
    Router::new().route("/", handler).layer(layer)
}

#[tokio::test]
async fn an_open_that_completes_after_its_request_is_an_error() {
    let (manager, headers) = slow_manager().await;
    let (send, opening) = mpsc::channel();
    let handler = move |handle: SessionHandle| async move {
        let opening = tokio::spawn(async move { handle.open().await });
        send.send(opening).unwrap();
        // Lets the task start before the handler returns.
        tokio::task::yield_now().await;
    };
    let app = app(manager, get(handler));
    app.oneshot(with_headers(&headers)).await.unwrap();
    let opened = opening.recv().unwrap().await.unwrap();
    let refused = Error::Session(session_core::Error::Closed).to_string();
    assert_eq!(opened.unwrap_err().to_string(), refused);
}

#[tokio::test]
async fn concurrent_opens_return_the_same_session() {
    let (manager, headers) = slow_manager().await;
    let handler = async |handle: SessionHandle| {
        let (one, other) = tokio::join!(handle.open(), handle.open());
        let (one, other) = (one.unwrap(), other.unwrap());
        one.set("b", &2).unwrap();
        assert_eq!(other.get::<u32>("b").unwrap(), Some(2));
        other.set("c", &3).unwrap();
    };
    let app = app(manager.clone(), get(handler));
    app.oneshot(with_headers(&headers)).await.unwrap();
    let session = manager.open(&headers).await.unwrap();
    assert!(["a", "b", "c"].into_iter().all(|key| session.has(key)));
}

#[tokio::test]
async fn a_logout_is_saved_if_the_client_disconnects_during_its_save() {
    let (manager, headers) = slow_manager().await;
    let (send, destroyed) = mpsc::channel();
    let handler = move |session: Session| async move {
        session.destroy().unwrap();
        send.send(()).unwrap();
    };
    let app = app(manager.clone(), get(handler));
    let mut logout = Box::pin(app.oneshot(with_headers(&headers)));
    while destroyed.try_recv().is_err() {
        let once = std::future::poll_fn(|cx| Poll::Ready(logout.as_mut().poll(cx)));
        assert!(once.await.is_pending(), "the save has already returned");
        sleep(WAIT / 10).await;
    }
    drop(logout);
    for _ in 0..100 {
        if !manager.open(&headers).await.unwrap().has("a") {
            return;
        }
    }
    panic!("the logout was lost");
}
