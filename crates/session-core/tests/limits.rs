//! What the engine does at its limits of size, time and number.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde_json::Value;
use session_core::{
    CookieChange, Error, ErrorKind, Lifetime, Outcome, Session, SessionId, SessionPolicy,
};
use support::{Fault, Server, increment};

/// The write took effect, but a failover may undo it. So the client must see an error.
#[tokio::test]
async fn a_write_to_too_few_replicas_is_an_error() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    increment(&session);
    server.fail_writes([Fault::Unconfirmed]);
    let error = server.save(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(server.n(&id).await, Some(2));
}

#[tokio::test]
async fn using_a_session_does_not_extend_its_absolute_lifetime() {
    let [idle, absolute] = [60, 150].map(Duration::from_secs);
    let server = Server::with(SessionPolicy::default().idle(idle).absolute(absolute));
    let id = server.stored_session().await;
    let created = server.open(id.as_str()).await.created();
    for _ in 0..3 {
        server.advance(40);
        let session = server.open(id.as_str()).await;
        assert!(!session.is_new());
        increment(&session);
        let _ = server.save(&session).await.unwrap();
        let body: Value = serde_json::from_slice(&server.store.body(&server.key(&id))).unwrap();
        let written = Duration::from_millis(body[2]["i"].as_u64().unwrap());
        assert!(UNIX_EPOCH + written <= created + absolute);
    }
    server.advance(30);
    assert!(server.open(id.as_str()).await.is_new());
}

/// A read moves the deadline only after a tenth of the idle timeout. `expires` must account for
/// that.
#[tokio::test]
async fn a_session_expires_when_expires_says() {
    for (read_after, sets_again) in [(5, false), (5, true), (20, false), (20, true)] {
        let idle = Duration::from_secs(100);
        let server = Server::with(SessionPolicy::default().idle(idle));
        let id = server.stored_session().await;
        server.advance(read_after);
        let session = server.open(id.as_str()).await;
        if sets_again {
            session.set("n", &1).unwrap();
        }
        let expires = session.expires();
        let _ = server.save(&session).await.unwrap();
        let now = server.policy.time().now();
        let remaining = expires.duration_since(now).unwrap().as_secs();
        server.advance(remaining - 1);
        assert!(!server.open(id.as_str()).await.is_new(), "{read_after}");
        server.advance(1);
        assert!(server.open(id.as_str()).await.is_new(), "{read_after}");
    }
}

#[tokio::test]
async fn one_session_has_at_most_32_successors() {
    let server = Server::new();
    let old = server.stored_session().await;
    let mut logins = Vec::new();
    for _ in 0..33 {
        logins.push(server.open(old.as_str()).await);
    }
    for (login, session) in logins.iter().enumerate() {
        session.regenerate_id().unwrap();
        match server.save(session).await {
            Ok(saved) => assert!(login < 32 && matches!(saved.cookie, CookieChange::Set { .. })),
            Err(error) => assert!(login == 32 && matches!(error, Error::Moved), "{error}"),
        }
    }
}

/// The save gives up after a time limit. Its changes stay pending for the next save.
#[tokio::test]
async fn a_save_that_is_refused_for_too_long_is_an_error() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    increment(&session);
    server.store.contended.store(true, Ordering::SeqCst);
    let started = Instant::now();
    let error = server.save(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("without a pause"), "{error}");
    assert!((5..15).contains(&started.elapsed().as_secs()));
    server.store.contended.store(false, Ordering::SeqCst);
    let _ = server.save(&session).await.unwrap();
    assert_eq!(server.n(&id).await, Some(2));
}

/// The error says that some records are still alive, and a second logout destroys them.
#[tokio::test]
async fn a_logout_that_reaches_too_many_records_is_an_error() {
    let server = Server::new();
    let first = server.stored_session().await;
    let mut last = first.clone();
    for _ in 0..260 {
        let session = server.open(last.as_str()).await;
        session.regenerate_id().unwrap();
        last = server.saved_id(&session).await;
    }
    let session = server.open(last.as_str()).await;
    session.destroy().unwrap();
    let error = server.save(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("log out again"), "{error}");
    let saved = server.save(&session).await.unwrap();
    assert_eq!(saved.cookie, CookieChange::Remove);
}

/// Values that are set after a restart belong to the new session. They are saved even if another
/// request destroyed the old one.
#[tokio::test]
async fn a_restart_during_a_save_is_done_by_the_next() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    server.destroy_in_another_request(&id).await;
    increment(&session);
    server.set_pausing(true);
    let mut save = tokio_test::task::spawn(server.save(&session));
    assert!(save.poll().is_pending());
    session.restart().unwrap();
    session.set("own", &1).unwrap();
    while save.poll().is_pending() {}
    server.set_pausing(false);
    let new = server.saved_id(&session).await;
    assert!(server.open(new.as_str()).await.has("own"));
}

/// The new record of the login is removed again, because no browser has its id.
#[tokio::test]
async fn a_login_after_a_logout_leaves_no_record() {
    let server = Server::new();
    let id = server.stored_session().await;
    let login = server.open(id.as_str()).await;
    login.regenerate_id().unwrap();
    server.destroy_in_another_request(&id).await;
    let saved = server.save(&login).await.unwrap();
    assert_eq!(saved.outcome, Outcome::Destroyed);
    assert_eq!(server.store.len(), 1, "only the tombstone");
}

/// Another storage opened this session, so the store has no record for it.
#[tokio::test]
async fn a_session_without_a_record_does_not_create_one() {
    let server = Server::new();
    let id = SessionId::random().unwrap();
    let body = r#"[{"n":1},{}]"#.into();
    let foreign = server.policy.clone().foreign_ids(true);
    let session = session_core::storage::open(id, body, &foreign).unwrap();
    increment(&session);
    let error = server.save(&session).await.unwrap_err();
    assert!(matches!(error, Error::Vanished), "{error}");
    assert_eq!(server.store.len(), 0);
}

#[test]
fn foreign_ids_have_a_maximum_length() {
    assert!(SessionId::parse_foreign(&"a".repeat(128)).is_some());
    assert!(SessionId::parse_foreign(&"a".repeat(129)).is_none());
}

#[tokio::test]
async fn the_longest_lifetime_is_accepted() {
    let server = Server::new();
    let session = server.open(None).await;
    session.set_lifetime(Lifetime::For(Duration::MAX)).unwrap();
    increment(&session);
    assert!(session.expires() > UNIX_EPOCH);
    server.saved_id(&session).await;
}

/// So it is not reported as already consumed if another request has read the value.
#[tokio::test]
async fn unsetting_a_flash_does_not_count_as_reading_it() {
    let server = Server::new();
    let id = server.stored_session().await;
    let [session, reader] = [server.open(id.as_str()).await, server.open(id.as_str()).await];
    reader.get::<String>("notice").unwrap();
    let _ = server.save(&reader).await.unwrap();
    session.flash("notice", &None::<String>).unwrap();
    assert!(server.save(&session).await.unwrap().already_consumed.is_empty());
    assert!(!server.open(id.as_str()).await.has("notice"));
}

/// Keys are searched one by one, so without a limit 40,000 of them took more than a second.
#[tokio::test]
async fn a_session_takes_no_new_key_beyond_the_limit() {
    let server = Server::new();
    let session = server.open(None).await;
    let key = |n: usize| format!("key{n}");
    for n in 0..Session::MAX_KEYS {
        session.set(&*key(n), &n).unwrap();
        session.flash(&*key(n), &n).unwrap();
    }
    let is_limit = |result: Result<(), Error>| {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::TooManyKeys { limit: 1000 }), "{error}");
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    };
    is_limit(session.set("one more", &1));
    is_limit(session.flash("one more", &1));
    is_limit(session.update("one more", |_: Option<u8>| Some(1)).map(drop));
    assert!(!session.has("one more"));
    session.set(&*key(7), &0).unwrap();
    session.update(&*key(8), |_: Option<usize>| None).unwrap();
    session.set("one more", &1).unwrap();
    let id = server.saved_id(&session).await;

    // Two requests may together add more than one may alone.
    let [first, second] = [server.open(id.as_str()).await, server.open(id.as_str()).await];
    for (session, key) in [(&first, "first"), (&second, "second")] {
        session.unset("one more").unwrap();
        session.set(key, &1).unwrap();
        let _ = server.save(session).await.unwrap();
    }
    let merged = server.open(id.as_str()).await;
    assert!(merged.has("first") && merged.has("second"));
    is_limit(merged.set("third", &1));
}
