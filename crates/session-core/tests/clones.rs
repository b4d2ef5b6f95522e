//! Clones of one session, used while a save of it is under way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::mpsc;
use std::time::Duration;

use session_core::{CookieChange, Error, Lifetime, Session};
use support::{Fault, Server, count};
use tokio_test::assert_pending;
use tokio_test::task::spawn;

/// Commits `session`, and calls `meanwhile` when the commit has stopped `stops` times.
async fn commit_and(server: &Server, session: &Session, stops: usize, meanwhile: impl Fn()) {
    server.stops(true);
    let mut commit = spawn(server.save(session));
    for _ in 0..stops {
        assert_pending!(commit.poll());
    }
    meanwhile();
    let _ = commit.await;
    server.stops(false);
}

#[tokio::test]
async fn a_logout_while_the_session_is_created_is_not_lost() {
    let server = Server::new();
    let session = server.open(None).await;
    session.set("user", &7).unwrap();
    let id = session.id().unwrap();
    commit_and(&server, &session, 1, || session.destroy().unwrap()).await;
    assert_eq!(
        server.save(&session).await.unwrap().cookie,
        CookieChange::Remove
    );
    assert!(server.open(id.as_str()).await.is_empty());
}

#[tokio::test]
async fn a_logout_while_the_session_moves_is_not_lost() {
    for stops in 1..=4 {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        session.set("user", &7).unwrap();
        session.regenerate_id().unwrap();
        let new = session.id().unwrap();
        commit_and(&server, &session, stops, || session.destroy().unwrap()).await;
        let saved = server.save(&session).await.unwrap();
        assert_eq!(saved.cookie, CookieChange::Remove, "after {stops} stops");
        for id in [old.as_str(), new.as_str()] {
            assert!(server.open(id).await.is_empty(), "after {stops} stops");
        }
    }
}

#[tokio::test]
async fn a_restart_while_a_commit_merges_carries_nothing_over() {
    for stops in 1..=6 {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        server.another_counts(&old).await;
        session.set("secret", "mine").unwrap();
        commit_and(&server, &session, stops, || {
            session.restart().unwrap();
            session.set("fresh", &1).unwrap();
        })
        .await;
        let new = server.open(server.saved_id(&session).await.as_str()).await;
        let keys: Vec<_> = new.data().values.into_keys().collect();
        assert_eq!(keys, ["fresh"], "after {stops} stops");
        assert!(server.open(old.as_str()).await.is_empty());
    }
}

#[tokio::test]
async fn a_destroyed_session_stays_empty_while_a_commit_merges() {
    for stops in 1..=6 {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        server.another_counts(&id).await;
        session.set("a", &1).unwrap();
        commit_and(&server, &session, stops, || session.destroy().unwrap()).await;
        assert!(session.is_empty(), "after {stops} stops");
        assert_eq!(
            server.save(&session).await.unwrap().cookie,
            CookieChange::Remove
        );
        assert!(server.open(id.as_str()).await.is_empty());
    }
}

#[tokio::test]
async fn a_lifetime_that_is_set_while_the_session_is_created_is_kept() {
    let server = Server::new();
    let session = server.open(None).await;
    session.set("user", &7).unwrap();
    let year = Duration::from_secs(365 * 86_400);
    commit_and(&server, &session, 1, || {
        session.set_lifetime(Lifetime::For(year)).unwrap();
    })
    .await;
    let id = server.saved_id(&session).await;
    server.advance(300 * 86_400);
    assert!(!server.open(id.as_str()).await.is_empty());
}

#[tokio::test]
async fn a_change_while_a_commit_is_under_way_waits_for_the_next_save() {
    for stops in 1..=2 {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        count(&session);
        commit_and(&server, &session, stops, || count(&session)).await;
        assert_eq!(server.n(&id).await, Some(2));
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(3));
    }
}

#[tokio::test]
async fn two_commits_at_once_take_turns() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    server.stops(true);
    count(&session);
    let mut first = spawn(server.save(&session));
    assert_pending!(first.poll());
    count(&session);
    let (first, second) = tokio::join!(first, server.save(&session));
    let _ = first.unwrap();
    let _ = second.unwrap();
    server.stops(false);
    assert_eq!(server.n(&id).await, Some(3));
}

/// Runs `save` on a thread of its own, and fails if it does not come to an end.
fn ends<F: Future<Output = ()>>(save: impl FnOnce() -> F + Send + 'static) {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        tokio_test::block_on(save());
        done.send(()).unwrap();
    });
    let ended = wait.recv_timeout(Duration::from_secs(20));
    ended.expect("the save hangs");
}

#[test]
fn an_update_may_ask_its_own_session_when_it_runs_again() {
    ends(|| async {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        session.set("step", &10).unwrap();
        let same = session.clone();
        let add = move |n: Option<u32>| Some(n? + same.get::<u32>("step").unwrap()?);
        session.update("n", add).unwrap();
        server.another_counts(&id).await;
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(12));
    });
}

#[test]
fn an_update_that_changes_its_own_session_comes_to_an_end() {
    ends(|| async {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        let same = session.clone();
        let add = move |n: Option<u32>| {
            same.update("runs", |runs: Option<u32>| Some(runs.unwrap_or(0) + 1))
                .unwrap();
            Some(n? + 10)
        };
        session.update("n", add).unwrap();
        server.another_counts(&id).await;
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(12));
    });
}

#[tokio::test]
async fn an_update_that_panics_when_it_runs_again_breaks_nothing() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    let picky = |n: Option<u32>| {
        assert_ne!(n, Some(2), "this update does not like a 2");
        Some(10)
    };
    session.update("n", picky).unwrap();
    server.another_counts(&id).await;
    let (same, saver) = (session.clone(), server.clone());
    let save = tokio::spawn(async move { saver.save(&same).await });
    assert!(save.await.unwrap_err().is_panic());
    assert_eq!(server.n(&id).await, Some(2));
    server.another_counts(&id).await;
    let _ = server.save(&session).await.unwrap();
    assert_eq!(server.n(&id).await, Some(10));
}

/// The logout wins, and what the session held does not go on under the new id, whatever becomes of the update.
#[tokio::test]
async fn an_update_that_fails_when_it_runs_again_brings_nothing_back() {
    for panics in [true, false] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        let picky = move |n: Option<f64>| {
            assert!(!panics || n.is_some(), "this update does not like nothing");
            Some(n.unwrap_or(f64::NAN))
        };
        session.update("n", picky).unwrap();
        session.regenerate_id().unwrap();
        server.another_logs_out(&id).await;
        for _ in 0..2 {
            let (same, saver) = (session.clone(), server.clone());
            let save = tokio::spawn(async move { saver.save(&same).await }).await;
            match save {
                Err(panicked) => assert!(panics && panicked.is_panic()),
                Ok(saved) => assert!(matches!(saved, Err(Error::Encode { .. })), "{saved:?}"),
            }
        }
        // Without it, the session may begin anew.
        session.restart().unwrap();
        session.set("own", &1).unwrap();
        let new = server.saved_id(&session).await;
        let found = server.open(new.as_str()).await;
        assert!(found.has("own") && !found.has("n"));
    }
}

#[tokio::test]
async fn an_update_that_cannot_read_the_newer_value_is_an_error_and_no_loss() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    count(&session);
    let other = server.open(id.as_str()).await;
    other.set("n", "text").unwrap();
    let _ = server.save(&other).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(
            server.save(&session).await,
            Err(Error::Decode { .. })
        ));
    }
    let found = server.open(id.as_str()).await.get::<String>("n").unwrap();
    assert_eq!(found.as_deref(), Some("text"));
}

#[tokio::test]
async fn many_failed_commits_count_once_each() {
    for fault in [Fault::Fails, Fault::Lost] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        for _ in 0..20 {
            count(&session);
            server.fail([fault, fault]);
            let _ = server.save(&session).await;
        }
        server.store.faults.lock().unwrap().clear();
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(21), "{fault:?}");
        server.another_counts(&id).await;
        session.set("other", &1).unwrap();
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(22), "{fault:?}");
    }
}
