//! Application code never runs while a session is locked, so it may use the session itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::cell::RefCell;
use std::sync::mpsc;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use session_core::{KeyFor, KeyName, KeyOf, Session};
use support::Server;

thread_local! {
    /// The session that the types below use.
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Uses the session in ways that lock it.
fn use_session() {
    let session = SESSION.with_borrow(Clone::clone);
    if let Some(session) = session {
        let _ = format!("{session:?} {}", session.len());
        let _ = session.has("n");
    }
}

/// Runs `work` with a session on its own thread. Fails if it hangs.
fn with_session<W>(work: W)
where
    W: AsyncFn(&Server, &Session) + Send + 'static,
{
    let (send, done) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let server = Server::new();
            let id = server.stored_session().await;
            let session = server.open(id.as_str()).await;
            SESSION.set(Some(session.clone()));
            work(&server, &session).await;
            SESSION.set(None);
        });
        send.send(()).unwrap();
    });
    let done = done.recv_timeout(Duration::from_secs(20));
    done.expect("application code ran while the session was locked");
}

/// A value that uses the session when it is encoded or decoded.
#[derive(Debug, PartialEq)]
struct Reentrant(u32);

impl Serialize for Reentrant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use_session();
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Reentrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use_session();
        let number = u32::deserialize(deserializer)?;
        use_session();
        match number {
            13 => Err(D::Error::custom("bad luck")),
            number => Ok(Self(number)),
        }
    }
}

struct ReentrantKey;

impl KeyName for ReentrantKey {
    fn name(&self) -> &str {
        use_session();
        "n"
    }
}

impl KeyOf<Reentrant> for ReentrantKey {}
impl KeyFor<Reentrant> for ReentrantKey {}

/// Uses the session when it is dropped.
struct ReentrantDrop;

impl Drop for ReentrantDrop {
    fn drop(&mut self) {
        use_session();
    }
}

fn update_with_reentrant_closure(session: &Session) {
    let guard = ReentrantDrop;
    let count = move |n: Option<u32>| {
        let _ = &guard;
        use_session();
        Some(n.unwrap_or(0) + 1)
    };
    session.update("n", count).unwrap();
}

#[test]
fn values_may_use_the_session_when_they_are_encoded_and_decoded() {
    with_session(async |_, session| {
        assert_eq!(session.get::<Reentrant>("n").unwrap(), Some(Reentrant(1)));
        assert_eq!(session.peek::<Reentrant>("n").unwrap(), Some(Reentrant(1)));
        session.set("n", &Reentrant(2)).unwrap();
        session.flash("f", &Reentrant(3)).unwrap();
        session.set("n", &Reentrant(13)).unwrap();
        session.get::<Reentrant>("n").unwrap_err();
    });
}

#[test]
fn keys_may_use_the_session() {
    with_session(async |_, session| {
        assert!(session.has(ReentrantKey));
        session.set(ReentrantKey, &Reentrant(2)).unwrap();
        assert_eq!(session.get(ReentrantKey).unwrap(), Some(Reentrant(2)));
        session.unset(ReentrantKey).unwrap();
    });
}

#[test]
fn closures_may_use_the_session_when_they_run() {
    with_session(async |server, session| {
        let id = session.id().unwrap();
        update_with_reentrant_closure(session);
        server.increment_in_another_request(id.as_str()).await;
        let _ = server.save(session).await.unwrap();
        assert_eq!(session.get::<u32>("n").unwrap(), Some(3));
    });
}

#[test]
fn closures_may_use_the_session_when_they_are_dropped() {
    with_session(async |_, session| {
        update_with_reentrant_closure(session);
        session.destroy().unwrap();
    });
    with_session(async |_, session| {
        update_with_reentrant_closure(session);
        session.restart().unwrap();
    });
    with_session(async |server, session| {
        update_with_reentrant_closure(session);
        let _ = server.save(session).await.unwrap();
    });
    with_session(async |server, session| {
        let id = session.id().unwrap();
        update_with_reentrant_closure(session);
        server.destroy_in_another_request(id.as_str()).await;
        let _ = server.save(session).await.unwrap();
    });
    with_session(async |server, session| {
        update_with_reentrant_closure(session);
        session.regenerate_id().unwrap();
        let _ = server.save(session).await.unwrap();
    });
    with_session(async |_, session| {
        update_with_reentrant_closure(session);
        let draft = session_core::storage::draft(session).await.unwrap().unwrap();
        draft.settle(session_core::CookieChange::Keep);
    });
}
