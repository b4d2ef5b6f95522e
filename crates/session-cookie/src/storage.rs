//! The storage that keeps the data in the cookie.

use std::borrow::Cow;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use session_core::storage::{self, Action};
use session_core::{
    CookieChange, CookieContent, Outcome, Result, Saved, Session, SessionPolicy, SessionStorage,
    StoreError, StoreErrorKind,
};

#[doc = include_str!("../docs/cookie_storage.md")]
#[derive(Clone, Copy, Debug, Default)]
pub struct CookieStorage;

impl CookieStorage {
    /// A storage that keeps the data in the cookie.
    pub fn new() -> Self {
        Self
    }
}

#[async_trait]
impl SessionStorage for CookieStorage {
    fn content(&self) -> CookieContent {
        CookieContent::Data
    }

    async fn read(&self, cookie: Option<&str>, policy: &SessionPolicy) -> Result<Session> {
        let envelope = cookie.and_then(|text| serde_json::from_str::<Envelope<'_>>(text).ok());
        let named = envelope.and_then(|envelope| Some((policy.parse_id(&envelope.i)?, envelope.d)));
        match named {
            Some((id, body)) => {
                let body = Bytes::copy_from_slice(body.get().as_bytes());
                storage::open(id, body, policy).or_else(|error| {
                    tracing::debug!(%error, "the cookie verifies and holds no session that can be read: a new session");
                    Ok(storage::empty(policy))
                })
            }
            None => {
                if cookie.is_some() {
                    tracing::debug!(
                        "the cookie verifies and holds no session of this storage: a new session"
                    );
                }
                Ok(storage::empty(policy))
            }
        }
    }

    async fn save(&self, session: &Session, _policy: &SessionPolicy) -> Result<Saved> {
        let Some(draft) = storage::draft(session)? else {
            return Ok(Saved {
                cookie: CookieChange::Keep,
                outcome: Outcome::Unchanged,
            });
        };
        let outcome = match draft.action {
            Action::Touch => Outcome::Unchanged,
            Action::Write | Action::Replace => Outcome::Stored,
            Action::Destroy => Outcome::Destroyed,
        };
        let cookie = match draft.action {
            Action::Destroy => CookieChange::Remove,
            Action::Touch | Action::Write | Action::Replace => CookieChange::Set {
                value: envelope(draft.id.as_str(), &draft.body)?,
                max_age: draft.max_age,
            },
        };
        storage::settle(session, draft, cookie.clone());
        Ok(Saved { cookie, outcome })
    }
}

/// As remix writes it: the id, and the data as a record's body.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    i: Cow<'a, str>,
    #[serde(borrow)]
    d: &'a RawValue,
}

fn envelope(id: &str, body: &[u8]) -> Result<String> {
    let body = std::str::from_utf8(body).map_err(|error| {
        StoreError::new(StoreErrorKind::Corrupt, "the session is not UTF-8").with_source(error)
    })?;
    let id = serde_json::Value::from(id);
    Ok(format!("{{\"i\":{id},\"d\":{body}}}"))
}
