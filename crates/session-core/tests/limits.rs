//! How much, how long and how often: what the engine does beyond it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde_json::Value;
use session_core::{CookieChange, Error, ErrorKind, Lifetime, Outcome, SessionId, SessionPolicy};
use support::{Fault, Server, count};

/// It stands, and may yet be taken back: the client must not be told that all is well.
#[tokio::test]
async fn a_write_on_too_few_replicas_is_an_error() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    count(&session);
    server.fail([Fault::Unconfirmed]);
    let error = server.save(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(server.n(&id).await, Some(2));
}

#[tokio::test]
async fn no_use_moves_the_end_of_a_lifetime() {
    let [idle, absolute] = [60, 150].map(Duration::from_secs);
    let server = Server::with(SessionPolicy::default().idle(idle).absolute(absolute));
    let id = server.stored_session().await;
    let begun = server.open(id.as_str()).await.created();
    for _ in 0..3 {
        server.advance(40);
        let session = server.open(id.as_str()).await;
        assert!(!session.is_new());
        count(&session);
        let _ = server.save(&session).await.unwrap();
        let body: Value = serde_json::from_slice(&server.store.body(&server.key(&id))).unwrap();
        let written = Duration::from_millis(body[2]["i"].as_u64().unwrap());
        assert!(UNIX_EPOCH + written <= begun + absolute);
    }
    server.advance(30);
    assert!(server.open(id.as_str()).await.is_new());
}

/// A read moves the deadline only once a tenth of the idle timeout has run down, and says so.
#[tokio::test]
async fn a_session_ends_when_it_says() {
    for (read_after, sets_again) in [(5, false), (5, true), (20, false), (20, true)] {
        let idle = Duration::from_secs(100);
        let server = Server::with(SessionPolicy::default().idle(idle));
        let id = server.stored_session().await;
        server.advance(read_after);
        let session = server.open(id.as_str()).await;
        if sets_again {
            session.set("n", &1).unwrap();
        }
        let end = session.expires();
        let _ = server.save(&session).await.unwrap();
        let now = server.policy.time().now();
        let left = end.duration_since(now).unwrap().as_secs();
        server.advance(left - 1);
        assert!(!server.open(id.as_str()).await.is_new(), "{read_after}");
        server.advance(1);
        assert!(server.open(id.as_str()).await.is_new(), "{read_after}");
    }
}

#[tokio::test]
async fn so_many_new_ids_follow_one_and_no_more() {
    let server = Server::new();
    let old = server.stored_session().await;
    let mut clicks = Vec::new();
    for _ in 0..33 {
        clicks.push(server.open(old.as_str()).await);
    }
    for (click, session) in clicks.iter().enumerate() {
        session.regenerate_id().unwrap();
        match server.save(session).await {
            Ok(saved) => assert!(click < 32 && matches!(saved.cookie, CookieChange::Set { .. })),
            Err(error) => assert!(click == 32 && matches!(error, Error::Moved), "{error}"),
        }
    }
}

/// A save that is refused again and again ends, and keeps what it could not save.
#[tokio::test]
async fn a_session_that_others_change_without_a_pause_is_an_error() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    count(&session);
    server.store.crowded.store(true, Ordering::SeqCst);
    let begun = Instant::now();
    let error = server.save(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("without a pause"), "{error}");
    assert!((5..15).contains(&begun.elapsed().as_secs()));
    server.store.crowded.store(false, Ordering::SeqCst);
    let _ = server.save(&session).await.unwrap();
    assert_eq!(server.n(&id).await, Some(2));
}

/// What it could not reach stays, and is said to stay.
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

/// What was set after a restart is this request's own, also if a logout was found on the way.
#[tokio::test]
async fn a_restart_asked_for_during_a_save_is_done_by_the_next() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    server.another_logs_out(&id).await;
    count(&session);
    server.stops(true);
    let mut save = tokio_test::task::spawn(server.save(&session));
    assert!(save.poll().is_pending());
    session.restart().unwrap();
    session.set("own", &1).unwrap();
    while save.poll().is_pending() {}
    server.stops(false);
    let new = server.saved_id(&session).await;
    assert!(server.open(new.as_str()).await.has("own"));
}

/// A new record that no browser was told of is removed where the logout came first.
#[tokio::test]
async fn nothing_is_left_of_a_login_that_a_logout_overtook() {
    let server = Server::new();
    let id = server.stored_session().await;
    let login = server.open(id.as_str()).await;
    login.regenerate_id().unwrap();
    server.another_logs_out(&id).await;
    let saved = server.save(&login).await.unwrap();
    assert_eq!(saved.outcome, Outcome::Destroyed);
    assert_eq!(server.store.len(), 1, "the tombstone, and no more");
}

/// A session that another storage opened has no record to be saved to.
#[tokio::test]
async fn a_session_without_a_record_is_not_saved_to_one() {
    let server = Server::new();
    let id = SessionId::random().unwrap();
    let body = r#"[{"n":1},{}]"#.into();
    let session = session_core::storage::open(id, body, &server.policy).unwrap();
    count(&session);
    let error = server.save(&session).await.unwrap_err();
    assert!(matches!(error, Error::Vanished), "{error}");
    assert_eq!(server.store.len(), 0);
}

#[test]
fn ids_of_others_have_a_longest() {
    assert!(SessionId::parse_foreign(&"a".repeat(128)).is_some());
    assert!(SessionId::parse_foreign(&"a".repeat(129)).is_none());
}

#[tokio::test]
async fn no_lifetime_is_too_long_to_be_told() {
    let server = Server::new();
    let session = server.open(None).await;
    session.set_lifetime(Lifetime::For(Duration::MAX)).unwrap();
    count(&session);
    assert!(session.expires() > UNIX_EPOCH);
    server.saved_id(&session).await;
}

/// To take a flash value back is not to read it: nobody was before.
#[tokio::test]
async fn a_flash_that_is_taken_back_was_not_read() {
    let server = Server::new();
    let id = server.stored_session().await;
    let [session, reader] = [
        server.open(id.as_str()).await,
        server.open(id.as_str()).await,
    ];
    reader.get::<String>("notice").unwrap();
    let _ = server.save(&reader).await.unwrap();
    session.flash("notice", &None::<String>).unwrap();
    assert!(
        server
            .save(&session)
            .await
            .unwrap()
            .already_consumed
            .is_empty()
    );
    assert!(!server.open(id.as_str()).await.has("notice"));
}
