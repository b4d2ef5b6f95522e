//! The storage that keeps the data in the cookie.

use std::borrow::Cow;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use session_core::storage::{self, Action};
use session_core::{
    CookieChange, CookieContent, Outcome, Result, Saved, Session, SessionId, SessionPolicy,
    SessionStorage, StoreError, StoreErrorKind,
};
use tracing::debug;

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
        let Some(text) = cookie else {
            return Ok(storage::empty(policy));
        };
        Ok(open(text, policy).unwrap_or_else(|| {
            debug!("the cookie is valid, but holds no session; starting a new one");
            storage::empty(policy)
        }))
    }

    async fn save(&self, session: &Session, _policy: &SessionPolicy) -> Result<Saved> {
        let Some(draft) = storage::draft(session).await? else {
            return Ok(Saved::unchanged());
        };
        let (cookie, outcome) = match draft.action {
            Action::Destroy => (CookieChange::Remove, Outcome::Destroyed),
            action => {
                let cookie = CookieChange::Set {
                    value: envelope(&draft.id, &draft.body)?,
                    max_age: draft.max_age,
                };
                match action {
                    Action::Touch => (cookie, Outcome::Unchanged),
                    _ => (cookie, Outcome::Stored),
                }
            }
        };
        draft.settle(cookie.clone());
        Ok(Saved { cookie, outcome, ..Saved::unchanged() })
    }
}

/// The session in `text`, if it holds one.
fn open(text: &str, policy: &SessionPolicy) -> Option<Session> {
    let open = |id: &str, data: &str| {
        let id = policy.parse_id(id)?;
        storage::open(id, Bytes::copy_from_slice(data.as_bytes()), policy).ok()
    };
    // An envelope of another form, or one with more members, is read as JSON.
    if let Some((id, data)) = split_envelope(text)
        && let Some(session) = open(id, data)
    {
        return Some(session);
    }
    let Envelope { i, d } = serde_json::from_str(text).ok()?;
    open(&i, d.get())
}

/// The data, as remix writes it: an id, and what is the body of a record in other storages.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    i: Cow<'a, str>,
    #[serde(borrow)]
    d: &'a RawValue,
}

/// The id and the data of an envelope as [`envelope`] writes it, without parsing the data twice.
fn split_envelope(text: &str) -> Option<(&str, &str)> {
    let (id, data) = text.strip_prefix(r#"{"i":""#)?.split_once(r#"","d":"#)?;
    let is_plain = !id.contains(['"', '\\']);
    data.strip_suffix('}').filter(|_| is_plain).map(|data| (id, data))
}

fn envelope(id: &SessionId, data: &[u8]) -> Result<String> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
        StoreError::new(StoreErrorKind::Corrupt, "the session has no JSON form").with_source(source)
    };
    let id = serde_json::to_string(id.as_str()).map_err(|error| failed(error.into()))?;
    let data = std::str::from_utf8(data).map_err(|error| failed(error.into()))?;
    Ok(format!(r#"{{"i":{id},"d":{data}}}"#))
}
