//! No code of the application runs while a session is locked: it may use the session itself.
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
    /// The session that the code below uses.
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Uses the session in every way that takes its lock.
fn use_session() {
    let session = SESSION.with_borrow(Clone::clone);
    if let Some(session) = session {
        let _ = format!("{session:?} {}", session.len());
        let _ = session.has("n");
    }
}

/// Runs `work` with a session on a thread of its own. Fails if it hangs.
fn with_session<W>(work: W)
where
    W: AsyncFn(&Server, &Session) + Send + 'static,
{
    let (send, done) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
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
    done.expect("application code runs under the lock");
}

/// A value whose code uses the session.
#[derive(Debug, PartialEq)]
struct Curious(u32);

impl Serialize for Curious {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use_session();
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Curious {
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

struct CuriousKey;

impl KeyName for CuriousKey {
    fn name(&self) -> &str {
        use_session();
        "n"
    }
}

impl KeyOf<Curious> for CuriousKey {}
impl KeyFor<Curious> for CuriousKey {}

/// Uses the session when it is dropped, as a closure that holds it does.
struct CuriousDrop;

impl Drop for CuriousDrop {
    fn drop(&mut self) {
        use_session();
    }
}

fn count_with_curious_closure(session: &Session) {
    let guard = CuriousDrop;
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
        assert_eq!(session.get::<Curious>("n").unwrap(), Some(Curious(1)));
        assert_eq!(session.peek::<Curious>("n").unwrap(), Some(Curious(1)));
        session.set("n", &Curious(2)).unwrap();
        session.flash("f", &Curious(3)).unwrap();
        session.set("n", &Curious(13)).unwrap();
        session.get::<Curious>("n").unwrap_err();
    });
}

#[test]
fn keys_may_use_the_session() {
    with_session(async |_, session| {
        assert!(session.has(CuriousKey));
        session.set(CuriousKey, &Curious(2)).unwrap();
        assert_eq!(session.get(CuriousKey).unwrap(), Some(Curious(2)));
        session.unset(CuriousKey).unwrap();
    });
}

#[test]
fn closures_may_use_the_session_when_they_run() {
    with_session(async |server, session| {
        let id = session.id().unwrap();
        count_with_curious_closure(session);
        server.another_counts(id.as_str()).await;
        let _ = server.save(session).await.unwrap();
        assert_eq!(session.get::<u32>("n").unwrap(), Some(3));
    });
}

#[test]
fn closures_may_use_the_session_when_they_are_dropped() {
    with_session(async |_, session| {
        count_with_curious_closure(session);
        session.destroy().unwrap();
    });
    with_session(async |_, session| {
        count_with_curious_closure(session);
        session.restart().unwrap();
    });
    with_session(async |server, session| {
        count_with_curious_closure(session);
        let _ = server.save(session).await.unwrap();
    });
    with_session(async |server, session| {
        let id = session.id().unwrap();
        count_with_curious_closure(session);
        server.another_logs_out(id.as_str()).await;
        let _ = server.save(session).await.unwrap();
    });
    with_session(async |server, session| {
        count_with_curious_closure(session);
        session.regenerate_id().unwrap();
        let _ = server.save(session).await.unwrap();
    });
    with_session(async |_, session| {
        count_with_curious_closure(session);
        let draft = session_core::storage::draft(session)
            .await
            .unwrap()
            .unwrap();
        draft.settle(session_core::CookieChange::Keep);
    });
}
