//! Saves that are dropped at any point, and then repeated.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use session_core::{Outcome, Session};
use support::{Server, count};
use tokio_test::task::spawn;

/// Polls a commit `polls` times and drops it; whether it had come to its end.
async fn dropped(server: &Server, session: &Session, polls: usize) -> bool {
    server.stops(true);
    let mut commit = spawn(server.save(session));
    let ended = (0..polls).any(|_| commit.poll().is_ready());
    drop(commit);
    server.stops(false);
    ended
}

/// Every pair of points at which two commits in a row are dropped.
fn points() -> impl Iterator<Item = (usize, usize)> {
    (1..9).flat_map(|first| (0..9).map(move |second| (first, second)))
}

#[tokio::test]
async fn a_count_counts_once() {
    for (first, second) in points() {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        server.another_counts(&id).await;
        count(&session);
        dropped(&server, &session, first).await;
        count(&session);
        dropped(&server, &session, second).await;
        server.another_counts(&id).await;
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(5), "{first}, {second}");
    }
}

#[tokio::test]
async fn a_session_that_moves_takes_everything_along() {
    for (first, second) in points() {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        session.regenerate_id().unwrap();
        count(&session);
        dropped(&server, &session, first).await;
        count(&session);
        dropped(&server, &session, second).await;
        count(&session);
        let new = server.saved_id(&session).await;
        assert_eq!(server.n(&new).await, Some(4), "{first}, {second}");
        assert!(server.open(old.as_str()).await.is_empty());
    }
}

#[tokio::test]
async fn a_new_session_is_kept_whole() {
    for (first, second) in points() {
        let server = Server::new();
        let session = server.open(None).await;
        count(&session);
        dropped(&server, &session, first).await;
        count(&session);
        dropped(&server, &session, second).await;
        let id = server.saved_id(&session).await;
        assert_eq!(server.n(&id).await, Some(2), "{first}, {second}");
    }
}

#[tokio::test]
async fn a_logout_after_an_unfinished_move_ends_all() {
    for (first, second) in points() {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        session.regenerate_id().unwrap();
        dropped(&server, &session, first).await;
        session.destroy().unwrap();
        dropped(&server, &session, second).await;
        let _ = server.save(&session).await.unwrap();
        assert!(
            server.open(old.as_str()).await.is_empty(),
            "{first}, {second}"
        );
    }
}

/// A login that finds a logout, wherever it is dropped: nothing of it stays, and the next save says that the session has ended.
#[tokio::test]
async fn a_login_that_a_logout_overtook_is_told_so() {
    for first in 1..12 {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        session.regenerate_id().unwrap();
        server.another_logs_out(&id).await;
        let ended = dropped(&server, &session, first).await;
        let saved = server.save(&session).await.unwrap();
        if !ended {
            assert_eq!(saved.outcome, Outcome::Destroyed, "{first}");
        }
        assert!(session.set("n", &1).is_err(), "{first}");
        // Dropped between the first write and its answer, it leaves a record that nobody knows, and that expires.
        let left = if first == 2 { 2 } else { 1 };
        assert_eq!(server.store.len(), left, "{first}");
    }
}

#[tokio::test]
async fn a_restart_goes_on_with_what_came_after() {
    for (first, second) in points() {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        session.restart().unwrap();
        session.flash("notice", "Goodbye").unwrap();
        dropped(&server, &session, first).await;
        count(&session);
        dropped(&server, &session, second).await;
        let new = server.saved_id(&session).await;
        let found = server.open(new.as_str()).await;
        let notice = found.get::<String>("notice").unwrap();
        assert_eq!(notice.as_deref(), Some("Goodbye"), "{first}, {second}");
        assert_eq!(server.n(&new).await, Some(1), "{first}, {second}");
        assert!(server.open(old.as_str()).await.is_empty());
    }
}
