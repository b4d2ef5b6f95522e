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
        let saved = |cookie, outcome| Saved {
            cookie,
            outcome,
            already_consumed: Vec::new(),
        };
        let Some(draft) = storage::draft(session).await? else {
            return Ok(saved(CookieChange::Keep, Outcome::Unchanged));
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
        Ok(saved(cookie, outcome))
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
    data.strip_suffix('}')
        .filter(|_| is_plain)
        .map(|data| (id, data))
}

fn envelope(id: &SessionId, data: &[u8]) -> Result<String> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
        StoreError::new(StoreErrorKind::Corrupt, "the session has no JSON form").with_source(source)
    };
    let id = serde_json::to_string(id.as_str()).map_err(|error| failed(error.into()))?;
    let data = std::str::from_utf8(data).map_err(|error| failed(error.into()))?;
    Ok(format!(r#"{{"i":{id},"d":{data}}}"#))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_rules(text: &str, policy: &SessionPolicy) -> Option<Session> {
        let Envelope { i, d } = serde_json::from_str(text).ok()?;
        let data = Bytes::copy_from_slice(d.get().as_bytes());
        storage::open(policy.parse_id(&i)?, data, policy).ok()
    }

    fn describe(session: Option<Session>) -> Option<String> {
        session.map(|session| {
            let (id, data) = (session.id().unwrap(), session.data());
            let data = serde_json::to_string(&data).unwrap();
            format!("{} {data} {:?}", id.as_str(), session.is_new())
        })
    }

    fn json() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            8 => Just(r#"{"i":"an-id","d":"#.to_owned()),
            8 => Just(r#"[{"a":1},{"b":{"c":"}"}}]"#.to_owned()),
            8 => Just("}".to_owned()),
            2 => Just(r#","i":"other""#.to_owned()),
            2 => Just(r#","d":[{},{}]"#.to_owned()),
            2 => Just(r#","z":null"#.to_owned()),
            1 => Just(r#"{ "i":"an-id","d":"#.to_owned()),
            1 => Just(r#"{"d":[{},{}],"i":"an-id""#.to_owned()),
            1 => Just(r#"{"i":"\u0061\\n","d":"#.to_owned()),
            1 => Just("[{},{}]".to_owned()),
            1 => r#"[ {}\[\]",:a\\]{0,3}"#,
        ];
        proptest::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn splitting_finds_what_parsing_finds(text in json()) {
            let policy = SessionPolicy::default().foreign_ids(true);
            prop_assert_eq!(describe(open(&text, &policy)), describe(by_rules(&text, &policy)));
        }

        #[test]
        fn an_envelope_is_opened_with_its_id(id in "[!-~]{1,128}") {
            let policy = SessionPolicy::default().foreign_ids(true);
            let text = envelope(&SessionId::parse_foreign(&id).unwrap(), b"[{\"a\":1},{}]").unwrap();
            for session in [open(&text, &policy), by_rules(&text, &policy)] {
                let session = session.unwrap();
                let found = session.id().unwrap();
                prop_assert_eq!(found.as_str(), id.as_str());
                prop_assert!(session.has("a"));
            }
        }
    }

    #[test]
    fn members_after_the_data_are_not_part_of_it() {
        let policy = SessionPolicy::default().foreign_ids(true);
        for (rest, is_session) in [
            ("", true),
            (",\"z\":1", true),
            (",\"i\":\"x\"", false),
            (",1", false),
            ("}", false),
        ] {
            let text = format!("{{\"i\":\"an-id\",\"d\":[{{\"a\":1}},{{}}]{rest}}}");
            assert_eq!(open(&text, &policy).is_some(), is_session, "{rest}");
        }
    }
}
