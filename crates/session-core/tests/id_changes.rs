//! Ids that change often, concurrently, or while writes fail.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use session_core::{CookieChange, Error};
use support::{Fault, Server, increment};

#[tokio::test]
async fn a_logout_works_after_three_hundred_new_ids_within_the_in_flight_window() {
    let server = Server::new();
    let mut ids = vec![server.stored_session().await];
    for _ in 0..300 {
        let session = server.open(ids.last().unwrap().as_str()).await;
        session.regenerate_id().unwrap();
        ids.push(server.saved_id(&session).await);
    }
    let mut result = Err(Error::Destroyed);
    for _ in 0..2 {
        let session = server.open(ids.last().unwrap().as_str()).await;
        session.destroy().unwrap();
        result = server.save(&session).await;
        assert!(server.open(ids.last().unwrap().as_str()).await.is_empty());
    }
    // The first logout may fail with an error that says to log out again. The second must succeed.
    assert_eq!(result.unwrap().cookie, CookieChange::Remove);
}

#[tokio::test]
async fn forty_concurrent_logins_succeed_or_are_refused_and_one_logout_ends_all() {
    let server = Server::new();
    let old = server.stored_session().await;
    let mut logins = Vec::new();
    for _ in 0..40 {
        logins.push(server.open(old.as_str()).await);
    }
    let mut ids = Vec::new();
    for session in &logins {
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
async fn a_logout_reaches_old_values_that_stay_readable_two_ids_ago() {
    let server = Server::new();
    let first = server.stored_session().await;
    let session = server.open(first.as_str()).await;
    session.regenerate_id_keeping_old_for(Duration::from_secs(3600)).unwrap();
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
async fn old_values_expire_with_the_session() {
    let server = Server::new();
    let old = server.stored_session().await;
    let session = server.open(old.as_str()).await;
    session.regenerate_id_keeping_old_for(Duration::from_secs(365 * 86_400)).unwrap();
    let _ = server.saved_id(&session).await;
    server.advance(15 * 86_400);
    assert_eq!(server.n(&old).await, None);
}

#[tokio::test]
async fn old_values_can_be_read_but_not_written() {
    let server = Server::new();
    let old = server.stored_session().await;
    let session = server.open(old.as_str()).await;
    session.set("user", &7).unwrap();
    session.regenerate_id_keeping_old_for(Duration::from_secs(60)).unwrap();
    let new = server.saved_id(&session).await;
    let late = server.open(old.as_str()).await;
    assert_eq!(late.get::<u32>("n").unwrap(), Some(1));
    assert!(!late.has("user") && !late.has("notice"));
    increment(&late);
    assert!(matches!(server.save(&late).await, Err(Error::Moved)));
    assert_eq!(server.n(&new).await, Some(1));
}

#[tokio::test]
async fn changes_of_a_failed_save_are_applied_once_under_a_new_id() {
    for fault in [Fault::Fails, Fault::LostReply] {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        increment(&session);
        server.fail_writes([fault, fault]);
        let _ = server.save(&session).await;
        session.regenerate_id().unwrap();
        let new = server.saved_id(&session).await;
        assert_eq!(server.n(&new).await, Some(2), "{fault:?}");
        assert!(server.open(old.as_str()).await.is_empty());
    }
}

#[tokio::test]
async fn a_logout_after_a_failed_id_change_destroys_both_ids() {
    for faults in [vec![Fault::Fails, Fault::Fails], vec![Fault::LostReply, Fault::LostReply]] {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        session.regenerate_id().unwrap();
        let new = session.id().unwrap();
        server.fail_writes(faults);
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
async fn a_session_can_restart_twice() {
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
async fn a_destroyed_session_refuses_changes() {
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
async fn the_cookie_of_a_destroyed_session_opens_a_new_session() {
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
