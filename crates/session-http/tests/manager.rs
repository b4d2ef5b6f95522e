//! The manager without a layer, as other transports and jobs use it, and the responses for its
//! errors.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

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
use session_core::{
    Clock, CookieChange, ErrorKind, Outcome, RecordKey, RecordStore, SessionPolicy, StoreError,
    StoreErrorKind,
};
use session_http::{Error, Session, SessionCookie, SessionId, SessionLayer, SessionManager};
use session_store_memory::MemoryStore;
use support::{HookedStore, SECRET, read_body, stored_session, with_headers};
use tower::ServiceExt;

fn cookie() -> SessionCookie {
    SessionCookie::new(SECRET).unwrap()
}

fn value_of(change: CookieChange) -> String {
    match change {
        CookieChange::Set { value, .. } => value,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_can_be_opened_and_closed_by_value() {
    let storages = [
        SessionManager::new(MemoryStore::new(), cookie()),
        SessionManager::new(CookieStorage::new(), cookie()),
    ];
    for manager in storages {
        let session = manager.open_value(None).await.unwrap();
        session.set("a", &1).unwrap();
        let first = value_of(manager.close_value(&session).await.unwrap());
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
async fn owed_value_returns_the_value_of_an_earlier_commit_if_the_last_save_failed() {
    let is_down = Arc::new(AtomicBool::new(false));
    let down = Arc::clone(&is_down);
    let store = HookedStore::new(move |_| {
        let result = match down.load(SeqCst) {
            true => Err(StoreError::new(StoreErrorKind::Unavailable, "it is down")),
            false => Ok(()),
        };
        Box::pin(std::future::ready(result))
    });
    let manager = SessionManager::new(store, cookie());
    let session = manager.open_value(None).await.unwrap();
    session.set("a", &1).unwrap();
    let first = value_of(manager.close_value(&session).await.unwrap());

    let session = manager.open_value(Some(&first)).await.unwrap();
    session.regenerate_id().unwrap();
    session.commit().await.unwrap();
    session.set("a", &2).unwrap();
    is_down.store(true, SeqCst);
    let error = manager.close_value(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let owed = value_of(manager.owed_value(&session).unwrap());
    assert_ne!(owed, first);
    is_down.store(false, SeqCst);
    let session = manager.open_value(Some(&owed)).await.unwrap();
    assert_eq!(session.get::<u32>("a").unwrap(), Some(1));
    assert!(manager.open_value(Some(&first)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_never_answers_is_a_timeout() {
    let limit = Duration::from_millis(50);
    let store = HookedStore::new(|_| Box::pin(std::future::pending()));
    let manager = SessionManager::new(store, cookie()).time_limit(limit);
    let id = SessionId::random().unwrap();
    let error = manager.open_id(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("opened within 50ms"), "{error}");
}

#[tokio::test]
async fn ids_need_a_storage_with_records() {
    let manager = SessionManager::new(CookieStorage::new(), cookie());
    let id = SessionId::random().unwrap();
    let opened = manager.open_id(&id).await.map(drop);
    for result in [opened, manager.end_id(&id).await] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Config);
    }
}

/// An application that keeps the ids of a user's sessions has an old one while a login is under
/// way.
#[tokio::test]
async fn end_id_follows_a_session_to_its_new_id() {
    let clock = Clock::manual();
    let policy = SessionPolicy::default().clock(clock.clone());
    let manager = SessionManager::new(MemoryStore::new(), cookie()).policy(policy.clone());
    let (session, _) = stored_session(&manager, "user").await;
    let mut ids = vec![session.id().unwrap()];
    for _ in 0..2 {
        session.regenerate_id().unwrap();
        session.commit().await.unwrap();
        ids.push(session.id().unwrap());
    }
    let newest = ids.last().unwrap();
    for id in &ids {
        assert_eq!(manager.open_id(id).await.unwrap().is_some(), id == newest);
    }
    manager.end_id(&ids[0]).await.unwrap();
    assert!(manager.open_id(newest).await.unwrap().is_none());
    session.set("user", &2).unwrap();
    assert_eq!(session.commit().await.unwrap().outcome, Outcome::Destroyed);
    for id in [&ids[0], &ids[0], newest, &SessionId::random().unwrap()] {
        manager.end_id(id).await.unwrap();
    }
}

/// A request that opened it in time could still save it.
#[tokio::test]
async fn end_id_ends_a_session_that_has_just_expired() {
    let clock = Clock::manual();
    let policy = SessionPolicy::default().idle(Duration::from_secs(100)).clock(clock.clone());
    let manager = SessionManager::new(MemoryStore::new(), cookie()).policy(policy);
    let (session, headers) = stored_session(&manager, "user").await;
    let in_time = manager.open(&headers).await.unwrap();
    clock.advance(Duration::from_secs(110));
    manager.end_id(&session.id().unwrap()).await.unwrap();
    in_time.set("user", &2).unwrap();
    assert_eq!(in_time.commit().await.unwrap().outcome, Outcome::Destroyed);
}

#[tokio::test]
async fn an_optional_session_is_some_for_a_current_or_still_readable_id() {
    for (keep, expected) in [(60, "1"), (0, "nobody")] {
        let manager = SessionManager::new(MemoryStore::new(), cookie());
        let (session, headers) = stored_session(&manager, "user").await;
        let who = async |session: Option<Session>| match session {
            Some(session) => session.get::<u32>("user").unwrap().unwrap().to_string(),
            None => "nobody".to_owned(),
        };
        let app = Router::new().route("/", get(who));
        // A session that a layer has just created does not count.
        let set = async |session: Session, request: Request<Body>, next: Next| {
            if !request.headers().contains_key(header::COOKIE) {
                session.set("csrf", "token").unwrap();
            }
            next.run(request).await
        };
        let app = app.layer(from_fn(set)).layer(SessionLayer::new(manager));
        let send = async |headers: &HeaderMap| {
            let response = app.clone().oneshot(with_headers(headers)).await.unwrap();
            read_body(response).await.body
        };
        assert_eq!(send(&HeaderMap::new()).await, "nobody");
        assert_eq!(send(&headers).await, "1");
        let keep = Duration::from_secs(keep);
        session.regenerate_id_keeping_old_for(keep).unwrap();
        session.commit().await.unwrap();
        assert_eq!(send(&headers).await, expected);
    }
}

#[tokio::test]
async fn a_session_that_vanished_is_a_conflict_with_vary() {
    let store = MemoryStore::new();
    let manager = SessionManager::new(store.clone(), cookie());
    let (session, headers) = stored_session(&manager, "user").await;
    let key = RecordKey::hashed(&session.id().unwrap());
    let handler = async move |session: Session| {
        session.set("user", &2).unwrap();
        store.remove(&key).await.unwrap();
    };
    let app = Router::new().route("/", get(handler));
    let app = app.layer(SessionLayer::new(manager));
    let response = read_body(app.oneshot(with_headers(&headers)).await.unwrap()).await;
    assert_eq!(response.status, StatusCode::CONFLICT);
    assert_eq!(response.headers[header::VARY], "Cookie");
}

#[tokio::test]
async fn a_login_under_way_does_not_survive_the_end_of_all_sessions() {
    let manager = SessionManager::new(MemoryStore::new(), cookie());
    let account = manager.account("ada").await.unwrap();
    let (session, headers) = stored_session(&manager, "cart").await;
    session.sign_in(&account).unwrap();
    manager.account("ada").await.unwrap().end_all().await.unwrap();
    let error = Error::from(session.commit().await.unwrap_err());
    assert_eq!(error.status(), StatusCode::CONFLICT);
    assert!(error.public_message().contains("Sign in again"), "{error}");
    assert!(manager.open(&headers).await.unwrap().has("cart"));

    session.sign_in(&manager.account("ada").await.unwrap()).unwrap();
    session.commit().await.unwrap();
    assert_eq!(session.account().as_deref(), Some("ada"));
    let devices = account.sessions().await.unwrap();
    assert!(devices.len() == 1 && devices[0].is(&session));
    assert!(account.end(&devices[0].id).await.unwrap());
    session.set("n", &1).unwrap();
    assert_eq!(session.commit().await.unwrap().outcome, Outcome::Destroyed);
}

#[tokio::test]
async fn accounts_need_a_storage_that_keeps_them() {
    let manager = SessionManager::new(CookieStorage::new(), cookie());
    let error = manager.account("ada").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
