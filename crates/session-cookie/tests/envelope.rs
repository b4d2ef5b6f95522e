//! The JSON in the cookie of `CookieStorage`, in every form that remix may write.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::borrow::Cow;

use bytes::Bytes;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;
use session_cookie::CookieStorage;
use session_core::{CookieChange, Session, SessionId, SessionPolicy, SessionStorage, storage};

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    i: Cow<'a, str>,
    #[serde(borrow)]
    d: &'a RawValue,
}

fn policy() -> SessionPolicy {
    SessionPolicy::default().foreign_ids(true)
}

async fn open(text: &str) -> Session {
    CookieStorage::new().read(Some(text), &policy()).await.unwrap()
}

/// The session in `text`, according to serde_json.
fn parsed(text: &str) -> Option<Session> {
    let Envelope { i, d } = serde_json::from_str(text).ok()?;
    let data = Bytes::copy_from_slice(d.get().as_bytes());
    storage::open(policy().parse_id(&i)?, data, &policy()).ok()
}

fn describe(session: &Session) -> String {
    let data = serde_json::to_string(&session.data()).unwrap();
    format!("{} {data}", session.id().unwrap().as_str())
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
    fn the_reader_agrees_with_serde_json(text in json()) {
        let found = tokio_test::block_on(open(&text));
        match parsed(&text) {
            Some(expected) => prop_assert_eq!(describe(&found), describe(&expected)),
            None => prop_assert!(found.is_new() && found.is_empty()),
        }
    }

    #[test]
    fn a_saved_session_opens_with_its_id(id in "[!-~]{1,128}") {
        let id = SessionId::parse_foreign(&id).unwrap();
        let body = Bytes::from_static(b"[{\"a\":1},{}]");
        let session = storage::open(id.clone(), body, &policy()).unwrap();
        session.set("b", &2).unwrap();
        let saved = tokio_test::block_on(CookieStorage::new().save(&session, &policy())).unwrap();
        let CookieChange::Set { value, .. } = saved.cookie else { panic!("it was changed") };
        let found = tokio_test::block_on(open(&value));
        prop_assert_eq!(found.id().unwrap(), id);
        prop_assert!(found.has("a") && found.has("b"));
    }
}

#[tokio::test]
async fn members_after_the_data_are_not_part_of_it() {
    for (rest, is_session) in
        [("", true), (",\"z\":1", true), (",\"i\":\"x\"", false), (",1", false), ("}", false)]
    {
        let text = format!("{{\"i\":\"an-id\",\"d\":[{{\"a\":1}},{{}}]{rest}}}");
        assert_eq!(open(&text).await.has("a"), is_session, "{rest}");
    }
}
