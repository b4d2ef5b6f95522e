//! Saves whose future is dropped at every possible point, and that are then repeated.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use session_core::{Outcome, Session};
use support::{Server, increment};
use tokio_test::task::spawn;

/// Polls a save `polls` times and drops it. Returns whether it had completed.
async fn save_and_drop(server: &Server, session: &Session, polls: usize) -> bool {
    server.set_pausing(true);
    let mut save = spawn(server.save(session));
    let completed = (0..polls).any(|_| save.poll().is_ready());
    drop(save);
    server.set_pausing(false);
    completed
}

/// All combinations of how often the first and the second save are polled before they are dropped.
fn poll_counts() -> impl Iterator<Item = (usize, usize)> {
    (1..9).flat_map(|first| (0..9).map(move |second| (first, second)))
}

#[tokio::test]
async fn each_update_is_applied_once() {
    for (first, second) in poll_counts() {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        server.increment_in_another_request(&id).await;
        increment(&session);
        save_and_drop(&server, &session, first).await;
        increment(&session);
        save_and_drop(&server, &session, second).await;
        server.increment_in_another_request(&id).await;
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(5), "{first}, {second}");
    }
}

#[tokio::test]
async fn a_new_id_gets_all_changes() {
    for (first, second) in poll_counts() {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        session.regenerate_id().unwrap();
        increment(&session);
        save_and_drop(&server, &session, first).await;
        increment(&session);
        save_and_drop(&server, &session, second).await;
        increment(&session);
        let new = server.saved_id(&session).await;
        assert_eq!(server.n(&new).await, Some(4), "{first}, {second}");
        assert!(server.open(old.as_str()).await.is_empty());
    }
}

#[tokio::test]
async fn a_new_session_is_saved_completely() {
    for (first, second) in poll_counts() {
        let server = Server::new();
        let session = server.open(None).await;
        increment(&session);
        save_and_drop(&server, &session, first).await;
        increment(&session);
        save_and_drop(&server, &session, second).await;
        let id = server.saved_id(&session).await;
        assert_eq!(server.n(&id).await, Some(2), "{first}, {second}");
    }
}

#[tokio::test]
async fn a_logout_after_a_cancelled_id_change_destroys_the_session() {
    for (first, second) in poll_counts() {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        session.regenerate_id().unwrap();
        save_and_drop(&server, &session, first).await;
        session.destroy().unwrap();
        save_and_drop(&server, &session, second).await;
        let _ = server.save(&session).await.unwrap();
        assert!(server.open(old.as_str()).await.is_empty(), "{first}, {second}");
    }
}

/// Wherever the login's save is dropped, the logout wins, and the next save reports it.
#[tokio::test]
async fn a_cancelled_login_after_a_logout_reports_that_the_session_was_destroyed() {
    for first in 1..12 {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        session.regenerate_id().unwrap();
        server.destroy_in_another_request(&id).await;
        let completed = save_and_drop(&server, &session, first).await;
        let saved = server.save(&session).await.unwrap();
        if !completed {
            assert_eq!(saved.outcome, Outcome::Destroyed, "{first}");
        }
        assert!(session.set("n", &1).is_err(), "{first}");
        // A save dropped between its first write and the reply leaves a record under an id that no
        // browser has. That record expires.
        let records = if first == 2 { 2 } else { 1 };
        assert_eq!(server.store.len(), records, "{first}");
    }
}

#[tokio::test]
async fn changes_after_a_cancelled_restart_are_saved() {
    for (first, second) in poll_counts() {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        session.restart().unwrap();
        session.flash("notice", "Goodbye").unwrap();
        save_and_drop(&server, &session, first).await;
        increment(&session);
        save_and_drop(&server, &session, second).await;
        let new = server.saved_id(&session).await;
        let found = server.open(new.as_str()).await;
        let notice = found.get::<String>("notice").unwrap();
        assert_eq!(notice.as_deref(), Some("Goodbye"), "{first}, {second}");
        assert_eq!(server.n(&new).await, Some(1), "{first}, {second}");
        assert!(server.open(old.as_str()).await.is_empty());
    }
}
