//! The manager by itself, as other transports and jobs use it, and what its errors become.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use session_cookie::CookieStorage;
use session_core::{CookieChange, ErrorKind, RecordKey, RecordStore, StoreError, StoreErrorKind};
use session_http::{Session, SessionCookie, SessionId, SessionLayer, SessionManager};
use session_store_memory::MemoryStore;
use support::{After, SECRET, answer, stored, with_headers};
use tower::ServiceExt;

fn cookie() -> SessionCookie {
    SessionCookie::new(SECRET).unwrap()
}

fn value(change: CookieChange) -> String {
    match change {
        CookieChange::Set { value, .. } => value,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_goes_by_its_value_where_there_are_no_headers() {
    let storages = [
        SessionManager::new(MemoryStore::new(), cookie()),
        SessionManager::new(CookieStorage::new(), cookie()),
    ];
    for manager in storages {
        let session = manager.open_value(None).await.unwrap();
        session.set("a", &1).unwrap();
        let first = value(manager.close_value(&session).await.unwrap());
        let session = manager.open_value(Some(&first)).await.unwrap();
        assert_eq!(session.get::<u32>("a").unwrap(), Some(1));
        let change = manager.close_value(&session).await.unwrap();
        assert_eq!(change, CookieChange::Keep);
        for bad in ["", "a", &first[1..], &format!("{first}a")] {
            assert!(manager.open_value(Some(bad)).await.unwrap().is_new());
        }
        let session = manager.open_value(Some(&first)).await.unwrap();
        session.destroy().unwrap();
        let change = manager.close_value(&session).await.unwrap();
        assert_eq!(change, CookieChange::Remove);
    }
}

#[tokio::test]
async fn a_value_that_a_commit_owes_is_told_where_the_last_save_failed() {
    let is_down = Arc::new(AtomicBool::new(false));
    let down = Arc::clone(&is_down);
    let store = After::new(move |_| {
        let answer = match down.load(SeqCst) {
            true => Err(StoreError::new(StoreErrorKind::Unavailable, "it is down")),
            false => Ok(()),
        };
        Box::pin(std::future::ready(answer))
    });
    let manager = SessionManager::new(store, cookie());
    let session = manager.open_value(None).await.unwrap();
    session.set("a", &1).unwrap();
    let first = value(manager.close_value(&session).await.unwrap());

    let session = manager.open_value(Some(&first)).await.unwrap();
    session.regenerate_id().unwrap();
    session.commit().await.unwrap();
    session.set("a", &2).unwrap();
    is_down.store(true, SeqCst);
    let error = manager.close_value(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let owed = value(manager.owed_value(&session).unwrap());
    assert_ne!(owed, first);
    is_down.store(false, SeqCst);
    let session = manager.open_value(Some(&owed)).await.unwrap();
    assert_eq!(session.get::<u32>("a").unwrap(), Some(1));
    assert!(manager.open_value(Some(&first)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_never_answers_is_given_up() {
    let limit = Duration::from_millis(50);
    let store = After::new(|_| Box::pin(std::future::pending()));
    let manager = SessionManager::new(store, cookie()).time_limit(limit);
    let id = SessionId::random().unwrap();
    let error = manager.open_id(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("opened within 50ms"), "{error}");
}

#[tokio::test]
async fn no_id_opens_what_travels_in_the_cookie() {
    let manager = SessionManager::new(CookieStorage::new(), cookie());
    let id = SessionId::random().unwrap();
    let error = manager.open_id(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn an_optional_session_is_one_that_has_or_had_this_id() {
    for (keep, expected) in [(60, "1"), (0, "nobody")] {
        let manager = SessionManager::new(MemoryStore::new(), cookie());
        let (session, headers) = stored(&manager, "user").await;
        let who = async |session: Option<Session>| match session {
            Some(session) => session.get::<u32>("user").unwrap().unwrap().to_string(),
            None => "nobody".to_owned(),
        };
        let app = Router::new().route("/", get(who));
        // What a layer sets makes no visitor one who has a session.
        let set = async |session: Session, request: Request<Body>, next: Next| {
            if !request.headers().contains_key(header::COOKIE) {
                session.set("csrf", "token").unwrap();
            }
            next.run(request).await
        };
        let app = app.layer(from_fn(set)).layer(SessionLayer::new(manager));
        let asked = async |headers: &HeaderMap| {
            let response = app.clone().oneshot(with_headers(headers)).await.unwrap();
            answer(response).await.body
        };
        assert_eq!(asked(&HeaderMap::new()).await, "nobody");
        assert_eq!(asked(&headers).await, "1");
        let keep = Duration::from_secs(keep);
        session.regenerate_id_keeping_old_for(keep).unwrap();
        session.commit().await.unwrap();
        assert_eq!(asked(&headers).await, expected);
    }
}

#[tokio::test]
async fn a_session_that_vanished_is_a_conflict_and_caches_are_told() {
    let store = MemoryStore::new();
    let manager = SessionManager::new(store.clone(), cookie());
    let (session, headers) = stored(&manager, "user").await;
    let key = RecordKey::hashed(&session.id().unwrap());
    let handler = async move |session: Session| {
        session.set("user", &2).unwrap();
        store.remove(&key).await.unwrap();
    };
    let app = Router::new().route("/", get(handler));
    let app = app.layer(SessionLayer::new(manager));
    let answer = answer(app.oneshot(with_headers(&headers)).await.unwrap()).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(answer.headers[header::VARY], "Cookie");
}
