//! Writes whose outcome is unknown, and other requests that run before the save is tried again.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use session_core::{Error, ErrorKind, Outcome, Session};
use support::{Fault, Server, increment};

/// After this many writes, a record no longer lists the write id of the write before them.
const LISTED_WRITES: u32 = 8;

/// Changes the session in another request.
async fn write_in_another_request(server: &Server, id: &str) {
    let other = server.open(id).await;
    let plus_one = |n: Option<u32>| Some(n.unwrap_or(0) + 1);
    other.update("other", plus_one).unwrap();
    let _ = server.save(&other).await.unwrap();
}

/// A save with `faults` that cannot load the record to find out what happened.
async fn save_without_reply(server: &Server, session: &Session, faults: &[Fault]) {
    server.fail_writes(faults.iter().copied());
    server.store.set_loads_fail(true);
    let error = server.save(session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    server.store.set_loads_fail(false);
}

#[tokio::test]
async fn a_login_merges_any_number_of_earlier_writes() {
    for others in [1, LISTED_WRITES - 1, LISTED_WRITES, 3 * LISTED_WRITES] {
        let server = Server::new();
        let id = server.stored_session().await;
        let login = server.open(id.as_str()).await;
        for _ in 0..others {
            server.increment_in_another_request(&id).await;
        }
        login.regenerate_id().unwrap();
        login.set("user", "ada").unwrap();
        let new = server.saved_id(&login).await;
        assert_eq!(server.n(&new).await, Some(1 + others));
    }
}

/// The first attempt arrives after the engine has loaded the record again, and before its second
/// attempt. Other writes follow, so the second attempt is refused.
#[tokio::test]
async fn a_delayed_write_is_applied_once_or_is_an_error() {
    for others in [0, 1, LISTED_WRITES - 1, LISTED_WRITES, 3 * LISTED_WRITES] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        increment(&session);
        server.fail_writes([Fault::Delayed]);
        server.set_pausing(true);
        let mut save = tokio_test::task::spawn(server.save(&session));
        while !server.store.has_delayed_write() {
            assert!(save.poll().is_pending());
        }
        // The engine loads the record, and finds it unchanged.
        for _ in 0..3 {
            assert!(save.poll().is_pending());
        }
        server.set_pausing(false);
        server.store.deliver();
        for _ in 0..others {
            write_in_another_request(&server, &id).await;
        }
        match save.await {
            Ok(_) => assert!(others < LISTED_WRITES, "{others}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
                assert!(others >= LISTED_WRITES, "{others}");
            }
        }
        assert_eq!(server.n(&id).await, Some(2), "{others}");
    }
}

#[tokio::test]
async fn a_late_retry_is_applied_once_or_is_an_error() {
    for (seconds, is_certain) in [(0, true), (59, true), (62, false), (180, false)] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        increment(&session);
        save_without_reply(&server, &session, &[Fault::LostReply]).await;
        server.advance(seconds);
        write_in_another_request(&server, &id).await;
        match server.save(&session).await {
            Ok(_) => {}
            Err(error) => {
                assert!(!is_certain, "{seconds}: {error}");
                assert_eq!(error.kind(), ErrorKind::Timeout);
            }
        }
        assert_eq!(server.n(&id).await, Some(2), "{seconds}");
    }
}

/// The unchanged record proves that the write did not take effect, however late the retry is.
#[tokio::test]
async fn a_failed_save_can_be_tried_again_at_any_time() {
    for seconds in [0, 62, 600] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        increment(&session);
        save_without_reply(&server, &session, &[Fault::Fails]).await;
        server.advance(seconds);
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(2), "{seconds}");
    }
}

/// Another server, whose clock is ahead, must not drop the id of the lost write from the record.
#[tokio::test]
async fn a_clock_that_is_a_minute_ahead_applies_nothing_twice() {
    let server = Server::new();
    let ahead = server.with_clock_ahead(30 + 60);
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    increment(&session);
    save_without_reply(&server, &session, &[Fault::LostReply]).await;
    server.advance(30);
    write_in_another_request(&ahead, &id).await;
    let _ = server.save(&session).await.unwrap();
    assert_eq!(server.n(&id).await, Some(2));
}

/// The tombstone was written and its reply was lost. The old record may have expired when the login
/// is tried again.
#[tokio::test]
async fn a_late_retry_of_a_login_succeeds_or_is_an_error() {
    for (seconds, removed) in [(30, false), (62, false), (62, true)] {
        let server = Server::new();
        let id = server.stored_session().await;
        let login = server.open(id.as_str()).await;
        login.regenerate_id().unwrap();
        login.set("user", "ada").unwrap();
        save_without_reply(&server, &login, &[Fault::Succeeds, Fault::LostReply]).await;
        server.advance(seconds);
        if removed {
            server.store.remove_now(&server.key(&id));
            let error = server.save(&login).await.unwrap_err();
            assert!(matches!(error, Error::Vanished), "{error}");
            continue;
        }
        let new = server.saved_id(&login).await;
        let session = server.open(new.as_str()).await;
        let user = session.get::<String>("user").unwrap();
        assert_eq!(user.as_deref(), Some("ada"), "{seconds}");
        assert_eq!(server.n(&new).await, Some(1), "{seconds}");
    }
}

/// A change that has no effect on what this request has read is still made to the newest state.
#[tokio::test]
async fn a_change_without_effect_is_replayed_on_newer_values() {
    type Do = fn(&Session);
    let cases: [(&str, Do, Do, Option<&str>); 4] = [
        (
            "set",
            |other| other.set("k", "b").unwrap(),
            |session| session.set("k", "a").unwrap(),
            Some("a"),
        ),
        (
            "unset",
            |other| other.set("new", "b").unwrap(),
            |session| session.unset("new").unwrap(),
            Some("a"),
        ),
        (
            "update",
            |other| other.set("k", "b").unwrap(),
            |session| {
                let to_a = |_: Option<String>| Some("a".to_owned());
                session.update("k", to_a).unwrap();
            },
            Some("a"),
        ),
        (
            "clear",
            |other| other.set("new", "b").unwrap(),
            |session| {
                session.unset("k").unwrap();
                session.set("k", "a").unwrap();
                session.clear().unwrap();
            },
            None,
        ),
    ];
    for (what, other_change, own_change, k) in cases {
        for touch_is_due in [false, true] {
            let server = Server::new();
            let first = server.open(None).await;
            first.set("k", "a").unwrap();
            let id = server.saved_id(&first).await;
            if touch_is_due {
                server.advance(20 * 3600);
            }
            let session = server.open(id.as_str()).await;
            let other = server.open(id.as_str()).await;
            other_change(&other);
            let _ = server.save(&other).await.unwrap();
            own_change(&session);
            assert_eq!(server.save(&session).await.unwrap().outcome, Outcome::Merged);
            let found = server.open(id.as_str()).await;
            assert_eq!(found.get::<String>("k").unwrap().as_deref(), k, "{what}");
            assert!(!found.has("new"), "{what}");
        }
    }
}

#[tokio::test]
async fn a_flash_can_be_set_again_after_another_request_read_it() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    let reader = server.open(id.as_str()).await;
    reader.get::<String>("notice").unwrap();
    let _ = server.save(&reader).await.unwrap();
    session.flash("notice", "hello").unwrap();
    let _ = server.save(&session).await.unwrap();
    assert!(server.open(id.as_str()).await.has("notice"));
}

/// If the session moved or vanished, a change without effect is an error like any other change.
#[tokio::test]
async fn a_change_without_effect_is_not_lost_silently() {
    let server = Server::new();
    let id = server.stored_session().await;
    let [moved, gone] = [server.open(id.as_str()).await, server.open(id.as_str()).await];
    let mover = server.open(id.as_str()).await;
    mover.regenerate_id().unwrap();
    let _ = server.save(&mover).await.unwrap();
    moved.set("n", &1).unwrap();
    assert!(matches!(server.save(&moved).await, Err(Error::Moved)));
    server.store.remove_now(&server.key(&id));
    gone.set("n", &1).unwrap();
    assert!(matches!(server.save(&gone).await, Err(Error::Vanished)));
}

#[tokio::test]
async fn the_id_does_not_change_during_a_save() {
    for regenerates in [false, true] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = match regenerates {
            true => server.open(id.as_str()).await,
            false => server.open(None).await,
        };
        session.set("k", "a").unwrap();
        if regenerates {
            session.regenerate_id().unwrap();
        }
        let before = session.id().unwrap();
        server.set_pausing(true);
        let mut save = tokio_test::task::spawn(server.save(&session));
        while save.poll().is_pending() {
            assert_eq!(session.id().unwrap(), before);
        }
        server.set_pausing(false);
        assert_eq!(session.id().unwrap(), before);
        assert!(server.open(before.as_str()).await.has("k"));
    }
}

/// The request did not read the id before the save was dropped, so the next save takes a new one.
#[tokio::test]
async fn the_id_of_a_dropped_first_save_is_not_used_again() {
    let server = Server::new();
    let session = server.open(None).await;
    session.set("k", "a").unwrap();
    server.set_pausing(true);
    let mut save = tokio_test::task::spawn(server.save(&session));
    assert!(save.poll().is_pending());
    let tried = session.id().unwrap();
    drop(save);
    server.set_pausing(false);
    let next = session.id().unwrap();
    assert_ne!(next, tried);
    assert_eq!(server.saved_id(&session).await, next.as_str());
}

/// A new id that is requested during a save belongs to the next save, and does not affect this one.
#[tokio::test]
async fn a_change_without_effect_is_saved_even_if_the_id_changes_during_the_save() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    server.increment_in_another_request(&id).await;
    session.set("n", &1).unwrap();
    server.set_pausing(true);
    let mut save = tokio_test::task::spawn(server.save(&session));
    assert!(save.poll().is_pending());
    session.regenerate_id().unwrap();
    session.set("own", &1).unwrap();
    server.set_pausing(false);
    assert_eq!(save.await.unwrap().outcome, Outcome::Merged);
    assert_eq!(server.n(&id).await, Some(1));
    let new = server.saved_id(&session).await;
    assert_eq!(server.n(&new).await, Some(1));
    assert!(server.open(new.as_str()).await.has("own"));
}

/// A write that is too large certainly did not take effect, so it needs no check later.
#[tokio::test]
async fn a_save_after_a_write_that_was_too_large_succeeds_at_any_time() {
    for changes_id in [false, true] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        increment(&session);
        let mut faults = vec![Fault::TooLarge];
        if changes_id {
            session.regenerate_id().unwrap();
            faults.insert(0, Fault::Succeeds);
        }
        server.fail_writes(faults);
        let error = server.save(&session).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        server.advance(62);
        for _ in 0..LISTED_WRITES {
            write_in_another_request(&server, &id).await;
        }
        let _ = server.save(&session).await.unwrap();
        let id = session.id().unwrap();
        assert_eq!(server.n(id.as_str()).await, Some(2));
    }
}

/// A live record proves that the tombstone was not written, however late the retry is.
#[tokio::test]
async fn a_login_whose_tombstone_failed_can_be_tried_again_at_any_time() {
    for seconds in [0, 62] {
        let server = Server::new();
        let id = server.stored_session().await;
        let login = server.open(id.as_str()).await;
        login.regenerate_id().unwrap();
        login.set("user", "ada").unwrap();
        save_without_reply(&server, &login, &[Fault::Succeeds, Fault::Fails]).await;
        server.advance(seconds);
        for _ in 0..LISTED_WRITES {
            server.increment_in_another_request(&id).await;
        }
        let new = server.saved_id(&login).await;
        assert_eq!(server.n(&new).await, Some(1 + LISTED_WRITES));
        assert!(server.open(new.as_str()).await.has("user"));
    }
}

/// As above, but an earlier write to the same version has an unknown outcome, and it may have taken
/// effect.
#[tokio::test]
async fn a_login_checks_an_earlier_write_with_an_unknown_outcome() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    increment(&session);
    save_without_reply(&server, &session, &[Fault::Delayed]).await;
    session.regenerate_id().unwrap();
    server.fail_writes([Fault::Succeeds, Fault::Fails]);
    let mut save = tokio_test::task::spawn(server.save(&session));
    server.set_pausing(true);
    // The save loads the record, writes the new record, and loses the reply to its tombstone.
    while !server.store.faults.lock().unwrap().is_empty() {
        assert!(save.poll().is_pending());
    }
    server.set_pausing(false);
    server.store.deliver();
    for _ in 0..LISTED_WRITES {
        write_in_another_request(&server, &id).await;
    }
    let error = save.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(server.n(&id).await, Some(2));
}
