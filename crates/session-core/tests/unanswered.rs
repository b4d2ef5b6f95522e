//! Writes whose outcome is unknown, and what other requests do until the save is tried again.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use session_core::{Error, ErrorKind, Outcome, Session};
use support::{Fault, Server, count};

/// So many other requests that the record no longer names what stood there before them.
const MANY: u32 = 8;

async fn another_writes(server: &Server, id: &str) {
    let other = server.open(id).await;
    let more = |n: Option<u32>| Some(n.unwrap_or(0) + 1);
    other.update("other", more).unwrap();
    let _ = server.save(&other).await.unwrap();
}

/// A commit whose write is lost or fails, and which cannot look.
async fn unanswered(server: &Server, session: &Session, faults: &[Fault]) {
    server.fail(faults.iter().copied());
    server.store.blind(true);
    let answer = server.save(session).await.unwrap_err();
    assert_eq!(answer.kind(), ErrorKind::Timeout);
    server.store.blind(false);
}

#[tokio::test]
async fn a_login_may_be_overtaken_by_any_number_of_writes() {
    for others in [1, MANY - 1, MANY, 3 * MANY] {
        let server = Server::new();
        let id = server.stored_session().await;
        let login = server.open(id.as_str()).await;
        for _ in 0..others {
            server.another_counts(&id).await;
        }
        login.regenerate_id().unwrap();
        login.set("user", "ada").unwrap();
        let new = server.saved_id(&login).await;
        assert_eq!(server.n(&new).await, Some(1 + others));
    }
}

/// The first write arrives between the look and the second, is followed by many others, and the second is refused.
#[tokio::test]
async fn a_write_that_comes_late_counts_once_or_is_an_error() {
    for others in [0, 1, MANY - 1, MANY, 3 * MANY] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        count(&session);
        server.fail([Fault::Late]);
        server.stops(true);
        let mut save = tokio_test::task::spawn(server.save(&session));
        while !server.store.has_late() {
            assert!(save.poll().is_pending());
        }
        // It looks, and finds the record as it was.
        for _ in 0..3 {
            assert!(save.poll().is_pending());
        }
        server.stops(false);
        server.store.deliver();
        for _ in 0..others {
            another_writes(&server, &id).await;
        }
        match save.await {
            Ok(_) => assert!(others < MANY, "{others}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
                assert!(others >= MANY, "{others}");
            }
        }
        assert_eq!(server.n(&id).await, Some(2), "{others}");
    }
}

#[tokio::test]
async fn a_save_that_is_tried_again_late_counts_once_or_is_an_error() {
    for (seconds, told) in [(0, true), (59, true), (62, false), (180, false)] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        count(&session);
        unanswered(&server, &session, &[Fault::Lost]).await;
        server.advance(seconds);
        another_writes(&server, &id).await;
        match server.save(&session).await {
            Ok(_) => {}
            Err(error) => {
                assert!(!told, "{seconds}: {error}");
                assert_eq!(error.kind(), ErrorKind::Timeout);
            }
        }
        assert_eq!(server.n(&id).await, Some(2), "{seconds}");
    }
}

/// What still stands shows that nothing took effect, however late it is.
#[tokio::test]
async fn a_save_that_failed_is_tried_again_at_any_time() {
    for seconds in [0, 62, 600] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        count(&session);
        unanswered(&server, &session, &[Fault::Fails]).await;
        server.advance(seconds);
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(2), "{seconds}");
    }
}

/// Another server, whose clock is ahead, writes with the record that names the lost write.
#[tokio::test]
async fn a_clock_that_is_a_minute_ahead_doubles_nothing() {
    let server = Server::new();
    let ahead = server.with_clock_ahead(30 + 60);
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    count(&session);
    unanswered(&server, &session, &[Fault::Lost]).await;
    server.advance(30);
    another_writes(&ahead, &id).await;
    let _ = server.save(&session).await.unwrap();
    assert_eq!(server.n(&id).await, Some(2));
}

/// A login whose tombstone was written and whose answer was lost: the old record is over when it is tried again.
#[tokio::test]
async fn a_login_that_is_tried_again_late_loses_nothing_in_silence() {
    for (seconds, forgotten) in [(30, false), (62, false), (62, true)] {
        let server = Server::new();
        let id = server.stored_session().await;
        let login = server.open(id.as_str()).await;
        login.regenerate_id().unwrap();
        login.set("user", "ada").unwrap();
        unanswered(&server, &login, &[Fault::Works, Fault::Lost]).await;
        server.advance(seconds);
        if forgotten {
            server.store.forget(&server.key(&id));
            let answer = server.save(&login).await.unwrap_err();
            assert!(matches!(answer, Error::Vanished), "{answer}");
            continue;
        }
        let new = server.saved_id(&login).await;
        let session = server.open(new.as_str()).await;
        let user = session.get::<String>("user").unwrap();
        assert_eq!(user.as_deref(), Some("ada"), "{seconds}");
        assert_eq!(server.n(&new).await, Some(1), "{seconds}");
    }
}

/// A change that changes nothing of what the request sees is one all the same.
#[tokio::test]
async fn what_changes_nothing_is_done_to_what_others_wrote_since() {
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
    for (what, others, own, k) in cases {
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
            others(&other);
            let _ = server.save(&other).await.unwrap();
            own(&session);
            assert_eq!(
                server.save(&session).await.unwrap().outcome,
                Outcome::Merged
            );
            let now = server.open(id.as_str()).await;
            assert_eq!(now.get::<String>("k").unwrap().as_deref(), k, "{what}");
            assert!(!now.has("new"), "{what}");
        }
    }
}

#[tokio::test]
async fn a_flash_that_another_request_has_read_is_flashed_again() {
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

/// What changes nothing is an order to a session that ended or moved, like any other.
#[tokio::test]
async fn what_changes_nothing_does_not_vanish() {
    let server = Server::new();
    let id = server.stored_session().await;
    let [moved, gone] = [
        server.open(id.as_str()).await,
        server.open(id.as_str()).await,
    ];
    let mover = server.open(id.as_str()).await;
    mover.regenerate_id().unwrap();
    let _ = server.save(&mover).await.unwrap();
    moved.set("n", &1).unwrap();
    assert!(matches!(server.save(&moved).await, Err(Error::Moved)));
    server.store.forget(&server.key(&id));
    gone.set("n", &1).unwrap();
    assert!(matches!(server.save(&gone).await, Err(Error::Vanished)));
}

#[tokio::test]
async fn the_id_stays_while_it_is_saved() {
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
        server.stops(true);
        let mut save = tokio_test::task::spawn(server.save(&session));
        while save.poll().is_pending() {
            assert_eq!(session.id().unwrap(), before);
        }
        server.stops(false);
        assert_eq!(session.id().unwrap(), before);
        assert!(server.open(before.as_str()).await.has("k"));
    }
}

/// The same where nobody had asked for it before, and the save is dropped half-way: then it is another.
#[tokio::test]
async fn an_id_that_was_dropped_half_way_is_not_used_again() {
    let server = Server::new();
    let session = server.open(None).await;
    session.set("k", "a").unwrap();
    server.stops(true);
    let mut save = tokio_test::task::spawn(server.save(&session));
    assert!(save.poll().is_pending());
    let tried = session.id().unwrap();
    drop(save);
    server.stops(false);
    let next = session.id().unwrap();
    assert_ne!(next, tried);
    assert_eq!(server.saved_id(&session).await, next.as_str());
}

/// A new id that is asked for meanwhile is for the next save, and takes nothing away from this one.
#[tokio::test]
async fn what_changes_nothing_is_done_whatever_is_asked_for_meanwhile() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    server.another_counts(&id).await;
    session.set("n", &1).unwrap();
    server.stops(true);
    let mut save = tokio_test::task::spawn(server.save(&session));
    assert!(save.poll().is_pending());
    session.regenerate_id().unwrap();
    session.set("own", &1).unwrap();
    server.stops(false);
    assert_eq!(save.await.unwrap().outcome, Outcome::Merged);
    assert_eq!(server.n(&id).await, Some(1));
    let new = server.saved_id(&session).await;
    assert_eq!(server.n(&new).await, Some(1));
    assert!(server.open(new.as_str()).await.has("own"));
}

/// What is certain leaves no doubt behind.
#[tokio::test]
async fn what_is_too_large_can_be_made_smaller_at_any_time() {
    for moves in [false, true] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        count(&session);
        let mut faults = vec![Fault::TooLarge];
        if moves {
            session.regenerate_id().unwrap();
            faults.insert(0, Fault::Works);
        }
        server.fail(faults);
        let error = server.save(&session).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        server.advance(62);
        for _ in 0..MANY {
            another_writes(&server, &id).await;
        }
        let _ = server.save(&session).await.unwrap();
        let now = session.id().unwrap();
        assert_eq!(server.n(now.as_str()).await, Some(2));
    }
}

/// A record that lives has no tombstone over it, so a login is tried again at any time.
#[tokio::test]
async fn a_login_that_did_not_come_through_is_tried_again_at_any_time() {
    for seconds in [0, 62] {
        let server = Server::new();
        let id = server.stored_session().await;
        let login = server.open(id.as_str()).await;
        login.regenerate_id().unwrap();
        login.set("user", "ada").unwrap();
        unanswered(&server, &login, &[Fault::Works, Fault::Fails]).await;
        server.advance(seconds);
        for _ in 0..MANY {
            server.another_counts(&id).await;
        }
        let new = server.saved_id(&login).await;
        assert_eq!(server.n(&new).await, Some(1 + MANY));
        assert!(server.open(new.as_str()).await.has("user"));
    }
}

/// The same where a write of changes went unanswered before it on the same version: that one may have come through.
#[tokio::test]
async fn a_login_does_not_forget_the_doubt_about_a_write() {
    let server = Server::new();
    let id = server.stored_session().await;
    let session = server.open(id.as_str()).await;
    count(&session);
    unanswered(&server, &session, &[Fault::Late]).await;
    session.regenerate_id().unwrap();
    server.fail([Fault::Works, Fault::Fails]);
    let mut commit = tokio_test::task::spawn(server.save(&session));
    server.stops(true);
    // It looks, writes the new record, and loses the answer to its tombstone.
    while !server.store.faults.lock().unwrap().is_empty() {
        assert!(commit.poll().is_pending());
    }
    server.stops(false);
    server.store.deliver();
    for _ in 0..MANY {
        another_writes(&server, &id).await;
    }
    let error = commit.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(server.n(&id).await, Some(2));
}
