//! Ends are final: for requests under way, after the deadline, and on servers whose clocks differ.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use session_core::{CookieChange, Error, Outcome, Session, SessionPolicy};
use support::{Fault, Server, increment};

const IDLE: u64 = 100;

fn server() -> Server {
    Server::with(SessionPolicy::default().idle(Duration::from_secs(IDLE)))
}

/// What a request may do to a session that it opened in time.
const CHANGES: [fn(&Session); 4] = [
    |_| {},
    increment,
    |session| session.regenerate_id().unwrap(),
    |session| session.regenerate_id_keeping_old_for(Duration::from_secs(60)).unwrap(),
];

/// Ways to end a session.
const ENDS: [fn(&Session); 4] = [
    |session| session.destroy().unwrap(),
    |session| session.restart().unwrap(),
    |session| session.regenerate_id().unwrap(),
    |session| {
        session.regenerate_id().unwrap();
        session.set("user", &7).unwrap();
    },
];

#[tokio::test]
async fn a_session_that_is_ended_after_its_deadline_stays_ended() {
    for end in ENDS {
        for change in CHANGES {
            let server = server();
            let id = server.stored_session().await;
            server.advance(IDLE - 20);
            let in_time = server.open(id.as_str()).await;
            change(&in_time);
            server.advance(30);
            let late = server.open(id.as_str()).await;
            assert!(late.is_new() && late.is_empty());
            end(&late);
            let _ = server.save(&late).await.unwrap();
            server.advance(30);
            let saved = server.save(&in_time).await.unwrap();
            assert_eq!(saved.cookie, CookieChange::Keep);
            assert!(server.open(id.as_str()).await.is_new());
        }
    }
}

/// Only a request that destroys a session removes the cookie, and a session without values needs no
/// record.
#[tokio::test]
async fn a_new_id_for_an_expired_session_without_values_is_no_session() {
    let server = server();
    let id = server.stored_session().await;
    server.advance(IDLE);
    let session = server.open(id.as_str()).await;
    session.regenerate_id().unwrap();
    let saved = server.save(&session).await.unwrap();
    assert_eq!((saved.outcome, saved.cookie), (Outcome::Destroyed, CookieChange::Keep));
    session.set("user", &7).unwrap();
    let new = server.saved_id(&session).await;
    assert!(new != id && !server.open(new.as_str()).await.is_new());
}

#[tokio::test]
async fn a_request_in_time_may_save_until_the_window_has_passed() {
    for (seconds, is_saved) in [(59, true), (60, false)] {
        let server = server();
        let id = server.stored_session().await;
        let [writes, touches, moves] = [
            server.open(id.as_str()).await,
            server.open(id.as_str()).await,
            server.open(id.as_str()).await,
        ];
        server.advance(IDLE + seconds);
        assert!(server.open(id.as_str()).await.is_new());
        let _ = server.save(&touches).await.unwrap();
        assert_eq!(server.open(id.as_str()).await.is_new(), !is_saved);
        if is_saved {
            continue;
        }
        increment(&writes);
        let error = server.save(&writes).await.unwrap_err();
        assert!(matches!(error, Error::Vanished), "{error}");
        moves.regenerate_id().unwrap();
        let error = server.save(&moves).await.unwrap_err();
        assert!(matches!(error, Error::Vanished), "{error}");
        assert_eq!(server.store.len(), 1, "no new record is left");
    }
}

/// A request may take hours, as a stream does.
#[tokio::test]
async fn a_late_request_saves_onto_a_session_that_others_have_used() {
    let server = server();
    let id = server.stored_session().await;
    let [writes, moves] = [server.open(id.as_str()).await, server.open(id.as_str()).await];
    for _ in 0..4 {
        server.advance(IDLE / 2);
        server.increment_in_another_request(&id).await;
    }
    increment(&writes);
    assert_eq!(server.save(&writes).await.unwrap().outcome, Outcome::Merged);
    moves.regenerate_id().unwrap();
    let new = server.saved_id(&moves).await;
    assert_eq!(server.n(&new).await, Some(6));
}

#[tokio::test]
async fn a_logout_on_a_server_whose_clock_is_ahead_is_final() {
    for (ahead, seconds) in [(30, IDLE - 15), (59, IDLE - 1), (3600, 10)] {
        let server = server();
        let fast = server.with_clock_ahead(ahead);
        let id = server.stored_session().await;
        server.advance(seconds);
        fast.destroy_in_another_request(&id).await;
        assert!(server.open(id.as_str()).await.is_new(), "{ahead} seconds ahead");
        assert!(fast.open(id.as_str()).await.is_new(), "{ahead} seconds ahead");
    }
}

#[tokio::test]
async fn a_logout_finds_the_new_id_although_the_clocks_differ() {
    for (ahead, seconds) in [(0, 59), (30, 31), (10, 55), (59, 59)] {
        let server = server();
        let fast = server.with_clock_ahead(ahead);
        let old = server.stored_session().await;
        let login = server.open(old.as_str()).await;
        login.regenerate_id().unwrap();
        let new = server.saved_id(&login).await;
        server.advance(seconds);
        fast.destroy_in_another_request(&old).await;
        assert!(server.open(new.as_str()).await.is_new(), "{ahead} ahead, {seconds} later");
    }
}

#[tokio::test]
async fn a_logout_finds_values_under_an_old_id_although_the_clocks_differ() {
    for ahead in [0, 30, 59] {
        let server = server();
        let fast = server.with_clock_ahead(ahead);
        let old = server.stored_session().await;
        let login = server.open(old.as_str()).await;
        login.regenerate_id_keeping_old_for(Duration::from_secs(80)).unwrap();
        let new = server.saved_id(&login).await;
        server.advance(40);
        fast.increment_in_another_request(&new).await;
        server.advance(39);
        assert_eq!(server.n(&old).await, Some(1));
        fast.destroy_in_another_request(&new).await;
        assert_eq!(server.n(&old).await, None, "{ahead} seconds ahead");
    }
}

/// The tombstone may be gone by the time at which the logout is saved.
#[tokio::test]
async fn a_logout_finds_the_new_id_that_its_request_has_seen() {
    let server = server();
    let old = server.stored_session().await;
    let login = server.open(old.as_str()).await;
    login.regenerate_id().unwrap();
    let new = server.saved_id(&login).await;
    let logout = server.open(old.as_str()).await;
    logout.destroy().unwrap();
    server.store.remove_now(&server.key(&old));
    let _ = server.save(&logout).await.unwrap();
    assert!(server.open(new.as_str()).await.is_new());
}

/// A write id must not leave the record because a fast clock takes it for old.
#[tokio::test]
async fn a_lost_reply_is_resolved_whatever_the_clocks_say() {
    for (ahead, seconds) in [(0, 31), (90, 31), (3600, 31), (0, 7200)] {
        let server = Server::new();
        let fast = server.with_clock_ahead(ahead);
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        increment(&session);
        server.fail_writes([Fault::LostReply]);
        server.store.set_loads_fail(true);
        assert!(server.save(&session).await.is_err());
        server.store.set_loads_fail(false);
        fast.increment_in_another_request(&id).await;
        server.advance(seconds);
        let _ = server.save(&session).await.unwrap();
        assert_eq!(server.n(&id).await, Some(3), "{ahead} seconds ahead");
    }
}

/// Anyone who planted an id before a login can end the session that came after it, for as long as
/// the tombstone counts. They cannot make that longer.
#[tokio::test]
async fn a_planted_id_reaches_the_login_for_two_minutes_at_most() {
    for pause in [1, 30, 55, 59] {
        let server = Server::new();
        let planted = server.stored_session().await;
        let victim = server.open(planted.as_str()).await;
        victim.regenerate_id().unwrap();
        victim.set("user", "victim").unwrap();
        let victim = server.saved_id(&victim).await;
        for _ in 0..125_u64.div_ceil(pause).min(31) {
            server.advance(pause);
            let attacker = server.open(planted.as_str()).await;
            attacker.regenerate_id().unwrap();
            attacker.set("user", "attacker").unwrap();
            let _ = server.save(&attacker).await;
        }
        server.advance(125_u64.saturating_sub(31 * pause));
        server.destroy_in_another_request(&planted).await;
        assert!(!server.open(victim.as_str()).await.is_new(), "a login every {pause} seconds");
    }
}

#[tokio::test]
async fn a_session_that_vanishes_before_it_gets_a_new_id_is_an_error() {
    for change in [|_: &Session| {}, increment] {
        let server = Server::new();
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        session.regenerate_id().unwrap();
        change(&session);
        server.store.remove_now(&server.key(&id));
        let error = server.save(&session).await.unwrap_err();
        assert!(matches!(error, Error::Vanished), "{error}");
        assert_eq!(server.store.len(), 0, "no new record is left");
    }
}
