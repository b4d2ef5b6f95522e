//! A store that waits: what overlaps with the end of a request.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{MethodRouter, get};
use session_http::{Error, Session, SessionCookie, SessionHandle, SessionLayer, SessionManager};
use support::{After, SECRET, stored, with_headers};
use tokio::time::sleep;
use tower::ServiceExt;

/// What each operation takes.
const WAIT: Duration = Duration::from_millis(20);

/// A manager, and the header of a request that names a session with `a`.
async fn with_a_session() -> (SessionManager, HeaderMap) {
    let slow = After::new(|_| {
        Box::pin(async {
            sleep(WAIT).await;
            Ok(())
        })
    });
    let manager = SessionManager::new(slow, SessionCookie::new(SECRET).unwrap());
    let (_, headers) = stored(&manager, "a").await;
    (manager, headers)
}

fn app(manager: SessionManager, handler: MethodRouter) -> Router {
    let layer = SessionLayer::new(manager);
    Router::new().route("/", handler).layer(layer)
}

#[tokio::test]
async fn an_open_that_outlasts_its_request_is_refused() {
    let (manager, headers) = with_a_session().await;
    let (send, opening) = mpsc::channel();
    let handler = move |handle: SessionHandle| async move {
        let opening = tokio::spawn(async move { handle.open().await });
        send.send(opening).unwrap();
        // It begins before the response is made.
        tokio::task::yield_now().await;
    };
    let app = app(manager, get(handler));
    app.oneshot(with_headers(&headers)).await.unwrap();
    let opened = opening.recv().unwrap().await.unwrap();
    let refused = Error::Session(session_core::Error::Closed).to_string();
    assert_eq!(opened.unwrap_err().to_string(), refused);
}

#[tokio::test]
async fn opens_that_overlap_give_one_session() {
    let (manager, headers) = with_a_session().await;
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
async fn a_logout_whose_client_hangs_up_during_its_save_holds() {
    let (manager, headers) = with_a_session().await;
    let (send, destroyed) = mpsc::channel();
    let handler = move |session: Session| async move {
        session.destroy().unwrap();
        send.send(()).unwrap();
    };
    let app = app(manager.clone(), get(handler));
    let mut logout = Box::pin(app.oneshot(with_headers(&headers)));
    while destroyed.try_recv().is_err() {
        let once = std::future::poll_fn(|cx| Poll::Ready(logout.as_mut().poll(cx)));
        assert!(once.await.is_pending(), "its save waits");
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
