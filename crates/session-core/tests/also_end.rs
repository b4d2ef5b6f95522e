//! A logout ends the sessions of further cookies of the request too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use session_core::storage::{self, Action, Found};
use session_core::{CookieChange, Outcome, Session, SessionId, SessionPolicy};
use support::{Fault, Server, increment};

fn ids(ids: &[&String]) -> Vec<SessionId> {
    ids.iter().map(|id| SessionId::parse(id).unwrap()).collect()
}

/// Ways to log out: the session is gone, or it goes on empty, or with a value.
const LOGOUTS: [fn(&Session); 3] = [
    |session| session.destroy().unwrap(),
    |session| session.restart().unwrap(),
    |session| {
        session.restart().unwrap();
        session.flash("notice", "bye").unwrap();
    },
];

#[tokio::test]
async fn a_logout_ends_further_sessions_in_any_state() {
    for log_out in LOGOUTS {
        for own_is_alive in [true, false] {
            let server = Server::new();
            let (own, live) = (server.stored_session().await, server.stored_session().await);
            let moved = server.stored_session().await;
            let session = server.open(moved.as_str()).await;
            session.regenerate_id().unwrap();
            let successor = server.saved_id(&session).await;
            let unknown = SessionId::random().unwrap().as_str().to_owned();
            // A request that is under way finds out.
            let under_way = server.open(live.as_str()).await;

            let session = server.open(own_is_alive.then_some(own.as_str())).await;
            storage::also_end(&session, ids(&[&live, &moved, &unknown]));
            log_out(&session);
            let saved = server.save(&session).await.unwrap();
            let destroyed = saved.cookie == CookieChange::Remove;
            assert!(destroyed || matches!(saved.outcome, Outcome::Stored | Outcome::Destroyed));
            let own_lives = !own_is_alive;
            assert_eq!(server.n(&own).await.is_some(), own_lives);
            for ended in [&live, &moved, &successor] {
                assert!(server.open(ended.as_str()).await.is_new());
            }
            increment(&under_way);
            let _ = server.save(&under_way).await.unwrap();
            assert_eq!(server.n(&live).await, None);
            // Not twice: a later change of the same request is an ordinary one.
            assert_eq!(server.save(&session).await.unwrap().outcome, Outcome::Unchanged);
        }
    }
}

#[tokio::test]
async fn other_changes_leave_further_sessions_alone() {
    let changes: [fn(&Session); 4] = [
        |_| {},
        increment,
        |session| session.regenerate_id().unwrap(),
        |session| session.clear().unwrap(),
    ];
    for change in changes {
        let server = Server::new();
        let (own, other) = (server.stored_session().await, server.stored_session().await);
        for id in [Some(own.as_str()), None] {
            let session = server.open(id).await;
            storage::also_end(&session, ids(&[&other]));
            change(&session);
            let _ = server.save(&session).await.unwrap();
            assert_eq!(server.n(&other).await, Some(1));
        }
    }
}

/// A write fails or its reply is lost, and the logout is tried again.
#[tokio::test]
async fn a_logout_that_is_repeated_after_a_fault_ends_all_sessions() {
    for log_out in LOGOUTS {
        for fault in [Fault::Fails, Fault::Unconfirmed, Fault::Delayed] {
            for place in 0..4 {
                let server = Server::new();
                let mut stored = Vec::new();
                for _ in 0..3 {
                    stored.push(server.stored_session().await);
                }
                let [own, one, two] = stored.as_slice() else { panic!("three") };
                let session = server.open(own.as_str()).await;
                storage::also_end(&session, ids(&[one, two]));
                log_out(&session);
                server.fail_writes([Fault::Succeeds; 4].into_iter().take(place).chain([fault; 3]));
                let _ = server.save(&session).await;
                server.store.faults.lock().unwrap().clear();
                let _ = server.save(&session).await.unwrap();
                for id in &stored {
                    assert!(server.open(id.as_str()).await.is_new(), "{fault:?} at {place}");
                }
            }
        }
    }
}

/// A record that cannot be read opens for nobody.
#[tokio::test]
async fn a_damaged_further_record_does_not_prevent_a_logout() {
    let server = Server::new();
    let (own, damaged, other) = (
        server.stored_session().await,
        server.stored_session().await,
        server.stored_session().await,
    );
    server.store.insert(server.key(&damaged), "{}");
    let session = server.open(own.as_str()).await;
    storage::also_end(&session, ids(&[&damaged, &other]));
    session.destroy().unwrap();
    let saved = server.save(&session).await.unwrap();
    assert_eq!(saved.cookie, CookieChange::Remove);
    assert_eq!((server.n(&own).await, server.n(&other).await), (None, None));
}

/// Someone plants the id of a session that they have moved to very many new ids.
#[tokio::test]
async fn a_further_session_with_many_successors_does_not_prevent_a_logout() {
    let server = Server::new();
    let planted = server.stored_session().await;
    let mut ids_to_move = vec![planted.clone()];
    let mut successors = Vec::new();
    for count in [20, 20] {
        let mut moved = Vec::new();
        for id in ids_to_move.drain(..) {
            let mut requests = Vec::new();
            for _ in 0..count {
                requests.push(server.open(id.as_str()).await);
            }
            for session in requests {
                session.regenerate_id().unwrap();
                session.set("n", &1).unwrap();
                moved.push(server.saved_id(&session).await);
            }
        }
        successors.extend(moved.clone());
        ids_to_move = moved;
    }
    assert!(successors.len() > 400);
    let (own, other) = (server.stored_session().await, server.stored_session().await);
    let session = server.open(own.as_str()).await;
    storage::also_end(&session, ids(&[&planted, &other]));
    session.destroy().unwrap();
    let saved = server.save(&session).await.unwrap();
    assert_eq!(saved.cookie, CookieChange::Remove);
    for id in [&own, &other, &planted] {
        assert!(server.open(id.as_str()).await.is_new());
    }
}

#[tokio::test]
async fn found_says_what_a_cookie_led_to() {
    let server = Server::with(SessionPolicy::default().idle(Duration::from_secs(100)));
    assert_eq!(storage::found(&server.open(None).await), Found::Nothing);
    let expired = server.stored_session().await;
    server.advance(100);
    let (live, moved, destroyed) = (
        server.stored_session().await,
        server.stored_session().await,
        server.stored_session().await,
    );
    let session = server.open(moved.as_str()).await;
    session.regenerate_id_keeping_old_for(Duration::from_secs(50)).unwrap();
    server.saved_id(&session).await;
    server.destroy_in_another_request(&destroyed).await;
    for (id, expected) in [
        (&live, Found::Live),
        (&moved, Found::Moved),
        (&expired, Found::Expired),
        (&destroyed, Found::Nothing),
    ] {
        assert_eq!(storage::found(&server.open(id.as_str()).await), expected);
    }
    assert!(Found::Live < Found::Moved && Found::Moved < Found::Expired);
    assert!(Found::Expired < Found::Nothing);
}

/// A storage without records is told, too.
#[tokio::test]
async fn a_draft_of_a_logout_names_further_sessions() {
    let server = Server::new();
    let (own, other) = (server.stored_session().await, server.stored_session().await);
    for (change, action, names) in [
        (LOGOUTS[0], Action::Destroy, true),
        (LOGOUTS[2], Action::Replace, true),
        (increment, Action::Write, false),
        ((|session| session.regenerate_id().unwrap()) as fn(&Session), Action::Replace, false),
    ] {
        let session = server.open(own.as_str()).await;
        storage::also_end(&session, ids(&[&other]));
        change(&session);
        let draft = storage::draft(&session).await.unwrap().unwrap();
        let expected = if names { ids(&[&other]) } else { Vec::new() };
        assert_eq!((draft.action, &draft.also_destroy), (action, &expected));
        draft.settle(CookieChange::Keep);
        if action == Action::Destroy {
            continue;
        }
        // Once.
        session.restart().unwrap();
        session.flash("notice", "bye").unwrap();
        let draft = storage::draft(&session).await.unwrap().unwrap();
        assert_eq!(draft.also_destroy.is_empty(), names);
    }
}
