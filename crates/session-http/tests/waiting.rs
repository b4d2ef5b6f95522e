//! A storage without records: its concurrent saves also run one after the other.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use bytes::Bytes;
use session_core::storage::{self, Action};
use session_core::{CookieChange, Outcome, Result, Saved, SessionPolicy, SessionStorage};
use session_http::{Session, SessionCookie, SessionManager};
use support::SECRET;
use tokio::time::sleep;

/// Stores bodies by id. Each save sleeps between taking and storing its draft.
#[derive(Clone, Debug, Default)]
struct SlowStorage {
    bodies: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    /// The durations of the next sleeps in milliseconds; the next one is last.
    delays: Arc<Mutex<Vec<u64>>>,
}

impl SlowStorage {
    async fn store(&self, session: &session_core::Session) -> Result<Saved> {
        let Some(draft) = storage::draft(session).await? else {
            return Ok(saved(CookieChange::Keep, Outcome::Unchanged));
        };
        let delay = self.delays.lock().unwrap().pop();
        sleep(Duration::from_millis(delay.unwrap_or(0))).await;
        let id = draft.id.as_str().to_owned();
        let mut bodies = self.bodies.lock().unwrap();
        let (cookie, outcome) = if draft.action == Action::Destroy {
            bodies.remove(&id);
            (CookieChange::Remove, Outcome::Destroyed)
        } else {
            bodies.insert(id, draft.body.to_vec());
            (CookieChange::Keep, Outcome::Stored)
        };
        draft.settle(cookie.clone());
        Ok(saved(cookie, outcome))
    }

    fn only_body(&self) -> Option<String> {
        let bodies = self.bodies.lock().unwrap();
        assert!(bodies.len() <= 1);
        let body = bodies.values().next().cloned();
        body.map(|body| String::from_utf8(body).unwrap())
    }
}

fn saved(cookie: CookieChange, outcome: Outcome) -> Saved {
    Saved { cookie, outcome, already_consumed: Vec::new() }
}

#[async_trait]
impl SessionStorage for SlowStorage {
    async fn read(
        &self,
        cookie: Option<&str>,
        policy: &SessionPolicy,
    ) -> Result<session_core::Session> {
        let id = cookie.and_then(|text| policy.parse_id(text));
        let body =
            id.and_then(|id| Some((self.bodies.lock().unwrap().get(id.as_str())?.clone(), id)));
        match body {
            Some((body, id)) => storage::open(id, Bytes::from(body), policy),
            None => Ok(storage::empty(policy)),
        }
    }

    async fn save(&self, session: &session_core::Session, _: &SessionPolicy) -> Result<Saved> {
        self.store(session).await
    }
}

/// A session in which `a` is saved and `b` is changed. The next saves take `delays`.
async fn changed_session(delays: &[u64]) -> (SlowStorage, SessionManager, Session) {
    let storage = SlowStorage::default();
    let manager = SessionManager::new(storage.clone(), SessionCookie::new(SECRET).unwrap());
    let session = manager.open(&HeaderMap::new()).await.unwrap();
    session.set("a", &1).unwrap();
    session.commit().await.unwrap();
    session.set("b", &2).unwrap();
    *storage.delays.lock().unwrap() = delays.to_vec();
    (storage, manager, session)
}

fn commit(session: &Session) -> tokio::task::JoinHandle<()> {
    let session = session.clone();
    tokio::spawn(async move { session.commit().await.map(drop).unwrap() })
}

#[tokio::test]
async fn concurrent_commits_lose_no_change() {
    let (storage, manager, session) = changed_session(&[0, 60]).await;
    let (slow, quick) = (commit(&session), commit(&session));
    sleep(Duration::from_millis(20)).await;
    session.set("c", &3).unwrap();
    let closed = manager.close(&session, &mut HeaderMap::new()).await;
    closed.unwrap();
    slow.await.unwrap();
    quick.await.unwrap();
    let body = storage.only_body().unwrap();
    assert!(body.starts_with(r#"[{"a":1,"b":2,"c":3},"#), "{body}");
}

#[tokio::test]
async fn a_slow_commit_does_not_undo_a_logout() {
    let (storage, manager, session) = changed_session(&[60]).await;
    let slow = commit(&session);
    sleep(Duration::from_millis(20)).await;
    session.destroy().unwrap();
    let outcome = manager.close(&session, &mut HeaderMap::new()).await;
    assert_eq!(outcome.unwrap(), Outcome::Destroyed);
    slow.await.unwrap();
    assert_eq!(storage.only_body(), None);
}
