//! A storage without records that waits: its saves take turns as well.
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

/// Keeps bodies by id, and has each save wait between drafting and keeping: the first for longest.
#[derive(Clone, Debug, Default)]
struct Waiting {
    kept: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    waits: Arc<Mutex<Vec<u64>>>,
}

impl Waiting {
    async fn keep(&self, session: &session_core::Session) -> Result<Saved> {
        let Some(draft) = storage::draft(session).await? else {
            return Ok(saved(CookieChange::Keep, Outcome::Unchanged));
        };
        let wait = self.waits.lock().unwrap().pop();
        sleep(Duration::from_millis(wait.unwrap_or(0))).await;
        let id = draft.id.as_str().to_owned();
        let mut kept = self.kept.lock().unwrap();
        let (cookie, outcome) = if draft.action == Action::Destroy {
            kept.remove(&id);
            (CookieChange::Remove, Outcome::Destroyed)
        } else {
            kept.insert(id, draft.body.to_vec());
            (CookieChange::Keep, Outcome::Stored)
        };
        draft.settle(cookie.clone());
        Ok(saved(cookie, outcome))
    }

    fn only_body(&self) -> Option<String> {
        let kept = self.kept.lock().unwrap();
        assert!(kept.len() <= 1);
        let body = kept.values().next().cloned();
        body.map(|body| String::from_utf8(body).unwrap())
    }
}

fn saved(cookie: CookieChange, outcome: Outcome) -> Saved {
    Saved {
        cookie,
        outcome,
        already_consumed: Vec::new(),
    }
}

#[async_trait]
impl SessionStorage for Waiting {
    async fn read(
        &self,
        cookie: Option<&str>,
        policy: &SessionPolicy,
    ) -> Result<session_core::Session> {
        let id = cookie.and_then(|text| policy.parse_id(text));
        let body =
            id.and_then(|id| Some((self.kept.lock().unwrap().get(id.as_str())?.clone(), id)));
        match body {
            Some((body, id)) => storage::open(id, Bytes::from(body), policy),
            None => Ok(storage::empty(policy)),
        }
    }

    async fn save(&self, session: &session_core::Session, _: &SessionPolicy) -> Result<Saved> {
        self.keep(session).await
    }
}

/// A session with `a` kept, and a change of `b` that is under way.
async fn with_a_commit_under_way(waits: &[u64]) -> (Waiting, SessionManager, Session) {
    let storage = Waiting::default();
    let manager = SessionManager::new(storage.clone(), SessionCookie::new(SECRET).unwrap());
    let session = manager.open(&HeaderMap::new()).await.unwrap();
    session.set("a", &1).unwrap();
    session.commit().await.unwrap();
    session.set("b", &2).unwrap();
    *storage.waits.lock().unwrap() = waits.to_vec();
    (storage, manager, session)
}

fn commit(session: &Session) -> tokio::task::JoinHandle<()> {
    let session = session.clone();
    tokio::spawn(async move { session.commit().await.map(drop).unwrap() })
}

#[tokio::test]
async fn two_commits_at_once_lose_no_change() {
    let (storage, manager, session) = with_a_commit_under_way(&[0, 60]).await;
    let (slow, quick) = (commit(&session), commit(&session));
    sleep(Duration::from_millis(20)).await;
    session.set("c", &3).unwrap();
    let finished = manager.close(&session, &mut HeaderMap::new()).await;
    finished.unwrap();
    slow.await.unwrap();
    quick.await.unwrap();
    let body = storage.only_body().unwrap();
    assert!(body.starts_with(r#"[{"a":1,"b":2,"c":3},"#), "{body}");
}

#[tokio::test]
async fn a_commit_under_way_does_not_undo_a_logout() {
    let (storage, manager, session) = with_a_commit_under_way(&[60]).await;
    let slow = commit(&session);
    sleep(Duration::from_millis(20)).await;
    session.destroy().unwrap();
    let outcome = manager.close(&session, &mut HeaderMap::new()).await;
    assert_eq!(outcome.unwrap(), Outcome::Destroyed);
    slow.await.unwrap();
    assert_eq!(storage.only_body(), None);
}
