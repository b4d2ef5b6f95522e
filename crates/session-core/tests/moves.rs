//! Ids that change often, at once, or while something fails.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use session_core::{CookieChange, Error};
use support::{Fault, Server, count};

#[tokio::test]
async fn three_hundred_new_ids_within_the_window_and_then_a_logout() {
    let server = Server::new();
    let mut ids = vec![server.stored_session().await];
    for _ in 0..300 {
        let session = server.open(ids.last().unwrap().as_str()).await;
        session.regenerate_id().unwrap();
        ids.push(server.saved_id(&session).await);
    }
    let mut answer = Err(Error::Destroyed);
    for _ in 0..2 {
        let session = server.open(ids.last().unwrap().as_str()).await;
        session.destroy().unwrap();
        answer = server.save(&session).await;
        assert!(server.open(ids.last().unwrap().as_str()).await.is_empty());
    }
    // The first answer may be an error that says to log out again; then that helps.
    assert_eq!(answer.unwrap().cookie, CookieChange::Remove);
}

#[tokio::test]
async fn forty_clicks_on_login_log_in_or_are_refused_and_one_logout_ends_all() {
    let server = Server::new();
    let old = server.stored_session().await;
    let mut clicks = Vec::new();
    for _ in 0..40 {
        clicks.push(server.open(old.as_str()).await);
    }
    let mut ids = Vec::new();
    for session in &clicks {
        session.set("user", &7).unwrap();
        session.regenerate_id().unwrap();
        match server.save(session).await {
            Ok(saved) => match saved.cookie {
                CookieChange::Set { value, .. } => ids.push(value),
                other => panic!("{other:?}"),
            },
            Err(Error::Moved) => assert!(ids.len() >= 32),
            Err(other) => panic!("{other}"),
        }
    }
    let session = server.open(ids.last().unwrap().as_str()).await;
    session.destroy().unwrap();
    let _ = server.save(&session).await.unwrap();
    for id in &ids {
        assert!(server.open(id.as_str()).await.is_empty());
    }
}

#[tokio::test]
async fn a_logout_reaches_values_that_were_kept_two_ids_ago() {
    let server = Server::new();
    let first = server.stored_session().await;
    let session = server.open(first.as_str()).await;
    session
        .regenerate_id_keeping_old_for(Duration::from_secs(3600))
        .unwrap();
    let second = server.saved_id(&session).await;
    server.advance(10);
    let session = server.open(second.as_str()).await;
    session.regenerate_id().unwrap();
    let third = server.saved_id(&session).await;
    server.advance(300);
    assert_eq!(server.n(&first).await, Some(1));
    let session = server.open(third.as_str()).await;
    session.destroy().unwrap();
    let _ = server.save(&session).await.unwrap();
    assert_eq!(server.n(&first).await, None);
}

#[tokio::test]
async fn kept_values_end_with_the_session_itself() {
    let server = Server::new();
    let old = server.stored_session().await;
    let session = server.open(old.as_str()).await;
    session
        .regenerate_id_keeping_old_for(Duration::from_secs(365 * 86_400))
        .unwrap();
    let _ = server.saved_id(&session).await;
    server.advance(15 * 86_400);
    assert_eq!(server.n(&old).await, None);
}

#[tokio::test]
async fn kept_values_are_read_and_never_written() {
    let server = Server::new();
    let old = server.stored_session().await;
    let session = server.open(old.as_str()).await;
    session.set("user", &7).unwrap();
    session
        .regenerate_id_keeping_old_for(Duration::from_secs(60))
        .unwrap();
    let new = server.saved_id(&session).await;
    let late = server.open(old.as_str()).await;
    assert_eq!(late.get::<u32>("n").unwrap(), Some(1));
    assert!(!late.has("user") && !late.has("notice"));
    count(&late);
    assert!(matches!(server.save(&late).await, Err(Error::Moved)));
    assert_eq!(server.n(&new).await, Some(1));
}

#[tokio::test]
async fn a_new_id_after_a_failed_commit_takes_its_changes_along_once() {
    for fault in [Fault::Fails, Fault::Lost] {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        count(&session);
        server.fail([fault, fault]);
        let _ = server.save(&session).await;
        session.regenerate_id().unwrap();
        let new = server.saved_id(&session).await;
        assert_eq!(server.n(&new).await, Some(2), "{fault:?}");
        assert!(server.open(old.as_str()).await.is_empty());
    }
}

#[tokio::test]
async fn a_logout_after_a_failed_new_id_ends_both() {
    for faults in [
        vec![Fault::Fails, Fault::Fails],
        vec![Fault::Lost, Fault::Lost],
    ] {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        session.regenerate_id().unwrap();
        let new = session.id().unwrap();
        server.fail(faults);
        let _ = server.save(&session).await;
        session.destroy().unwrap();
        let saved = server.save(&session).await.unwrap();
        assert_eq!(saved.cookie, CookieChange::Remove);
        for id in [old.as_str(), new.as_str()] {
            assert!(server.open(id).await.is_empty());
        }
    }
}

#[tokio::test]
async fn a_session_restarts_twice() {
    let server = Server::new();
    let first = server.stored_session().await;
    let session = server.open(first.as_str()).await;
    session.restart().unwrap();
    session.set("a", &1).unwrap();
    let _ = server.save(&session).await.unwrap();
    let second = session.id().unwrap();
    session.restart().unwrap();
    session.flash("notice", "Goodbye").unwrap();
    let third = server.saved_id(&session).await;
    for id in [first.as_str(), second.as_str()] {
        assert!(server.open(id).await.is_empty());
    }
    let found = server.open(third.as_str()).await;
    assert_eq!(found.data().values.len(), 0);
    assert!(found.has("notice"));
}

#[tokio::test]
async fn after_a_logout_the_same_handle_takes_nothing_more() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    session.destroy().unwrap();
    let _ = server.save(&session).await.unwrap();
    for refused in [
        session.set("a", &1),
        session.unset("a"),
        session.clear(),
        session.flash("a", &1),
        session.keep_flash(),
        session.regenerate_id(),
        session.restart(),
    ] {
        assert!(matches!(refused, Err(Error::Destroyed)));
    }
    assert!(session.is_empty() && !session.has("n"));
    let saved = server.save(&session).await.unwrap();
    assert_eq!(saved.cookie, CookieChange::Remove);
}

#[tokio::test]
async fn a_cookie_of_a_destroyed_session_starts_afresh() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    session.destroy().unwrap();
    let _ = server.save(&session).await.unwrap();
    for wait in [0, 61] {
        server.advance(wait);
        let session = server.open(id.as_str()).await;
        assert!(session.is_new() && session.is_empty());
        session.set("n", &5).unwrap();
        let new = server.saved_id(&session).await;
        assert_ne!(new, id);
        assert_eq!(server.n(&new).await, Some(5));
    }
}
