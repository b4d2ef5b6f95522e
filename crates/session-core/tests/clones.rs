//! Clones of one session that are used while the session is being saved.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::mpsc;
use std::time::Duration;

use session_core::{CookieChange, Error, Lifetime, Session};
use support::{Fault, Server, increment};
use tokio_test::assert_pending;
use tokio_test::task::spawn;

/// Saves `session`, and calls `during_save` after the save has paused `pauses` times.
async fn save_and(server: &Server, session: &Session, pauses: usize, during_save: impl Fn()) {
    server.set_pausing(true);
    let mut save = spawn(server.save(session));
    for _ in 0..pauses {
        assert_pending!(save.poll());
    }
    during_save();
    let _ = save.await;
    server.set_pausing(false);
}

#[tokio::test]
async fn a_logout_during_the_first_save_is_not_lost() {
    let server = Server::new();
    let session = server.open(None).await;
    session.set("user", &7).unwrap();
    let id = session.id().unwrap();
    save_and(&server, &session, 1, || session.destroy().unwrap()).await;
    assert_eq!(server.save(&session).await.unwrap().cookie, CookieChange::Remove);
    assert!(server.open(id.as_str()).await.is_empty());
}

#[tokio::test]
async fn a_logout_during_an_id_change_is_not_lost() {
    for pauses in 1..=4 {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        session.set("user", &7).unwrap();
        session.regenerate_id().unwrap();
        let new = session.id().unwrap();
        save_and(&server, &session, pauses, || session.destroy().unwrap()).await;
        let saved = server.save(&session).await.unwrap();
        assert_eq!(saved.cookie, CookieChange::Remove, "after {pauses} pauses");
        for id in [old.as_str(), new.as_str()] {
            assert!(server.open(id).await.is_empty(), "after {pauses} pauses");
        }
    }
}

#[tokio::test]
async fn a_restart_during_a_merge_drops_all_old_values() {
    for pauses in 1..=6 {
        let server = Server::new();
        let old = server.stored_session().await;
        let session = server.open(old.as_str()).await;
        server.increment_in_another_request(&old).await;
        session.set("secret", "mine").unwrap();
        save_and(&server, &session, pauses, || {
            session.restart().unwrap();
            session.set("fresh", &1).unwrap();
        })
        .await;
        let new = server.open(server.saved_id(&session).await.as_str()).await;
        let keys: Vec<_> = new.data().values.into_keys().collect();
        assert_eq!(keys, ["fresh"], "after {pauses} pauses");
        assert!(server.open(old.as_str()).await.is_empty());
    }
}

#[tokio::test]
async fn a_session_destroyed_during_a_merge_stays_empty() {
    for pauses in 1..=6 {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        server.increment_in_another_request(&id).await;
        session.set("a", &1).unwrap();
        save_and(&server, &session, pauses, || session.destroy().unwrap()).await;
        assert!(session.is_empty(), "after {pauses} pauses");
        assert_eq!(server.save(&session).await.unwrap().cookie, CookieChange::Remove);
        assert!(server.open(id.as_str()).await.is_empty());
    }
}

#[tokio::test]
async fn a_lifetime_set_during_the_first_save_is_saved_by_the_next() {
    let server = Server::new();
    let session = server.open(None).await;
    session.set("user", &7).unwrap();
    let year = Duration::from_secs(365 * 86_400);
    save_and(&server, &session, 1, || {
        session.set_lifetime(Lifetime::For(year)).unwrap();
    })
    .await;
    let id = server.saved_id(&session).await;
    server.advance(300 * 86_400);
    assert!(!server.open(id.as_str()).await.is_empty());
}

#[tokio::test]
async fn a_change_during_a_save_is_saved_by_the_next() {
    for pauses in 1..=2 {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        increment(&session);
        save_and(&server, &session, pauses, || increment(&session)).await;
        assert_eq!(server.n(&id).await, Some(2));
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(3));
    }
}

#[tokio::test]
async fn two_concurrent_saves_run_one_after_the_other() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    server.set_pausing(true);
    increment(&session);
    let mut first = spawn(server.save(&session));
    assert_pending!(first.poll());
    increment(&session);
    let (first, second) = tokio::join!(first, server.save(&session));
    let _ = first.unwrap();
    let _ = second.unwrap();
    server.set_pausing(false);
    assert_eq!(server.n(&id).await, Some(3));
}

/// Runs `save` on its own thread. Fails if it does not return within 20 seconds.
fn assert_returns<F: Future<Output = ()>>(save: impl FnOnce() -> F + Send + 'static) {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        tokio_test::block_on(save());
        done.send(()).unwrap();
    });
    let returned = wait.recv_timeout(Duration::from_secs(20));
    returned.expect("the save hangs");
}

#[test]
fn a_replayed_update_may_read_its_own_session() {
    assert_returns(|| async {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        session.set("step", &10).unwrap();
        let same = session.clone();
        let add = move |n: Option<u32>| Some(n? + same.get::<u32>("step").unwrap()?);
        session.update("n", add).unwrap();
        server.increment_in_another_request(&id).await;
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(12));
    });
}

#[test]
fn a_replayed_update_that_changes_its_own_session_terminates() {
    assert_returns(|| async {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        let same = session.clone();
        let add = move |n: Option<u32>| {
            same.update("runs", |runs: Option<u32>| Some(runs.unwrap_or(0) + 1)).unwrap();
            Some(n? + 10)
        };
        session.update("n", add).unwrap();
        server.increment_in_another_request(&id).await;
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(12));
    });
}

#[tokio::test]
async fn a_save_can_be_repeated_after_a_replayed_update_panics() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    let picky = |n: Option<u32>| {
        assert_ne!(n, Some(2), "this update panics on 2");
        Some(10)
    };
    session.update("n", picky).unwrap();
    server.increment_in_another_request(&id).await;
    let (same, saver) = (session.clone(), server.clone());
    let save = tokio::spawn(async move { saver.save(&same).await });
    assert!(save.await.unwrap_err().is_panic());
    assert_eq!(server.n(&id).await, Some(2));
    server.increment_in_another_request(&id).await;
    let _ = server.save(&session).await.unwrap();
    assert_eq!(server.n(&id).await, Some(10));
}

/// The logout wins: the old values do not move to the new id, even if replaying the update fails.
#[tokio::test]
async fn a_replayed_update_that_fails_does_not_undo_a_logout() {
    for panics in [true, false] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        let picky = move |n: Option<f64>| {
            assert!(!panics || n.is_some(), "this update panics without a value");
            Some(n.unwrap_or(f64::NAN))
        };
        session.update("n", picky).unwrap();
        session.regenerate_id().unwrap();
        server.destroy_in_another_request(&id).await;
        for _ in 0..2 {
            let (same, saver) = (session.clone(), server.clone());
            let save = tokio::spawn(async move { saver.save(&same).await }).await;
            match save {
                Err(panicked) => assert!(panics && panicked.is_panic()),
                Ok(saved) => assert!(matches!(saved, Err(Error::Encode { .. })), "{saved:?}"),
            }
        }
        // A restart drops the failing update, so the session can be saved again.
        session.restart().unwrap();
        session.set("own", &1).unwrap();
        let new = server.saved_id(&session).await;
        let found = server.open(new.as_str()).await;
        assert!(found.has("own") && !found.has("n"));
    }
}

#[tokio::test]
async fn an_update_that_cannot_decode_the_newer_value_is_an_error_and_overwrites_nothing() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    increment(&session);
    let other = server.open(id.as_str()).await;
    other.set("n", "text").unwrap();
    let _ = server.save(&other).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(server.save(&session).await, Err(Error::Decode { .. })));
    }
    let found = server.open(id.as_str()).await.get::<String>("n").unwrap();
    assert_eq!(found.as_deref(), Some("text"));
}

#[tokio::test]
async fn changes_of_many_failed_saves_are_each_applied_once() {
    for fault in [Fault::Fails, Fault::LostReply] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        for _ in 0..20 {
            increment(&session);
            server.fail_writes([fault, fault]);
            let _ = server.save(&session).await;
        }
        server.store.faults.lock().unwrap().clear();
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(21), "{fault:?}");
        server.increment_in_another_request(&id).await;
        session.set("other", &1).unwrap();
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(22), "{fault:?}");
    }
}
