//! The storage that keeps the data in the cookie.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use session_core::storage::{self, Action, Answer};
use session_core::{
    CookieChange, CookieContent, Outcome, Result, Saved, Session, SessionId, SessionPolicy,
    SessionStorage, StoreError, StoreErrorKind,
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

impl SessionStorage for CookieStorage {
    fn content(&self) -> CookieContent {
        CookieContent::Data
    }

    fn read<'a>(
        &'a self,
        cookie: Option<Cow<'a, str>>,
        policy: &'a SessionPolicy,
    ) -> Answer<'a, Session> {
        Answer::Now(Ok(match cookie {
            Some(text) => read(text, policy),
            None => storage::empty(policy),
        }))
    }

    fn save<'a>(&'a self, session: &'a Session, _policy: &'a SessionPolicy) -> Answer<'a, Saved> {
        Answer::Now(save(session))
    }
}

fn save(session: &Session) -> Result<Saved> {
    let Some(mut draft) = storage::draft(session, begin_envelope)? else {
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
            value: end_envelope(std::mem::take(&mut draft.body))?,
            max_age: draft.max_age,
        },
    };
    storage::settle(session, draft, cookie.clone());
    Ok(Saved { cookie, outcome })
}

fn read(text: Cow<'_, str>, policy: &SessionPolicy) -> Session {
    match find(text, policy) {
        Some(Ok(session)) => return session,
        Some(Err(error)) => {
            tracing::debug!(%error, "the cookie verifies and holds no session that can be read: a new session");
        }
        None => {
            tracing::debug!(
                "the cookie verifies and holds no session of this storage: a new session"
            );
        }
    }
    storage::empty(policy)
}

/// The session in `text`, if that is an envelope with an id.
fn find(text: Cow<'_, str>, policy: &SessionPolicy) -> Option<Result<Session>> {
    let usual = usual(&text).and_then(|(id, data)| Some((policy.parse_id(id)?, data)));
    let text = match text {
        Cow::Owned(text) => Bytes::from_owner(text),
        Cow::Borrowed(text) => Bytes::copy_from_slice(text.as_bytes()),
    };
    if let Some((id, data)) = usual
        && let Ok(session) = storage::open_sealed(id, text.slice(data), policy)
    {
        return Some(Ok(session));
    }
    find_by_rules(&text, policy)
}

/// The same by the rules of JSON, which take the data's parts apart only to find its end.
fn find_by_rules(text: &Bytes, policy: &SessionPolicy) -> Option<Result<Session>> {
    let Envelope { i, d } = serde_json::from_slice(text).ok()?;
    let id = policy.parse_id(&i)?;
    Some(storage::open_sealed(
        id,
        text.slice_ref(d.get().as_bytes()),
        policy,
    ))
}

/// As remix writes it: the id, and the data as a record's body.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    i: Cow<'a, str>,
    #[serde(borrow)]
    d: &'a RawValue,
}

const BEFORE_ID: &str = r#"{"i":""#;
const BEFORE_DATA: &str = r#","d":"#;

/// The id of an envelope in the form that everyone writes, and where its data stands. That may be more than one value: then it is
/// no session's, and the rules decide.
fn usual(text: &str) -> Option<(&str, Range<usize>)> {
    let rest = text.strip_prefix(BEFORE_ID)?;
    // An id with an escape ends here, and is not followed by its data.
    let (id, rest) = rest.split_at_checked(memchr::memchr2(b'"', b'\\', rest.as_bytes())?)?;
    let rest = rest.strip_prefix('"')?;
    let data = rest.strip_prefix(BEFORE_DATA)?.strip_suffix('}')?;
    let end = text.len() - 1;
    Some((id, end - data.len()..end))
}

fn begin_envelope(id: &SessionId, out: &mut Vec<u8>) {
    out.extend_from_slice(BEFORE_ID.as_bytes());
    let mut rest = id.as_str().as_bytes();
    // An id is visible ASCII: JSON escapes nothing else of it.
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        let (plain, from) = rest.split_at(at);
        let (special, after) = from.split_at(1);
        out.extend_from_slice(plain);
        out.push(b'\\');
        out.extend_from_slice(special);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
    out.extend_from_slice(BEFORE_DATA.as_bytes());
}

fn end_envelope(mut envelope: Vec<u8>) -> Result<String> {
    envelope.push(b'}');
    String::from_utf8(envelope).map_err(|error| {
        let error = error.utf8_error();
        StoreError::new(StoreErrorKind::Corrupt, "the session is not UTF-8")
            .with_source(error)
            .into()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What it says of the session, if it finds one.
    fn seen(found: Option<Result<Session>>) -> Option<Result<String, String>> {
        let show = |session: Session| {
            let (id, data) = (session.id().unwrap(), session.data());
            let data = serde_json::to_string(&data).unwrap();
            format!("{} {data} {:?}", id.as_str(), session.is_new())
        };
        found.map(|result| result.map(show).map_err(|error| error.to_string()))
    }

    fn json() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            8 => Just(r#"{"i":"an-id","d":"#.to_owned()),
            8 => Just(r#"[{"a":1},{"b":{"c":"}"}}]"#.to_owned()),
            8 => Just("}".to_owned()),
            2 => Just(r#","i":"other""#.to_owned()),
            2 => Just(r#","d":[{},{}]"#.to_owned()),
            2 => Just(r#","z":null"#.to_owned()),
            2 => Just(r#"[{"a":1},{},{"v":1,"c":4102444800000,"i":4102531200000,"k":"not-its-"}]"#.to_owned()),
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
        fn the_short_way_finds_what_the_rules_find(text in json()) {
            let policy = SessionPolicy::default().foreign_ids(true);
            let by_rules = find_by_rules(&Bytes::copy_from_slice(text.as_bytes()), &policy);
            prop_assert_eq!(seen(find(text.into(), &policy)), seen(by_rules));
        }

        #[test]
        fn an_envelope_is_found_with_its_id(id in "[!-~]{1,128}") {
            let policy = SessionPolicy::default().foreign_ids(true);
            let mut text = Vec::new();
            begin_envelope(&SessionId::parse_foreign(&id).unwrap(), &mut text);
            text.extend_from_slice(b"[{\"a\":1},{}]");
            let text = end_envelope(text).unwrap();
            let by_rules = find_by_rules(&Bytes::copy_from_slice(text.as_bytes()), &policy);
            for found in [find(text.into(), &policy), by_rules] {
                let session = found.unwrap().unwrap();
                let found = session.id().unwrap();
                prop_assert_eq!(found.as_str(), id.as_str());
                prop_assert!(session.has("a"));
            }
        }
    }

    #[test]
    fn what_follows_the_data_is_not_taken_for_data() {
        let policy = SessionPolicy::default().foreign_ids(true);
        let text = |rest: &str| format!("{{\"i\":\"an-id\",\"d\":[{{\"a\":1}},{{}}]{rest}}}");
        for (rest, taken) in [
            ("", true),
            (",\"z\":1", true),
            (",\"i\":\"x\"", false),
            (",1", false),
            ("}", false),
        ] {
            let found = find(text(rest).into(), &policy).is_some_and(|found| found.is_ok());
            assert_eq!(found, taken, "{rest}");
        }
    }
}
