//! Records that this library would not write, and extreme times.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use session_core::{
    CookieChange, Error, ErrorKind, Lifetime, RecordKey, Session, SessionId, SessionPolicy,
    SessionStorage, storage,
};
use support::Server;

/// In the year 2100.
const FAR_FUTURE: u64 = 4_102_444_800_000;

/// A server that shares records with another library.
fn sharing() -> Server {
    Server::with(SessionPolicy::default().foreign_ids(true))
}

/// Stores a session, changes its body with `change`, and returns its id.
async fn stored_with(change: impl Fn(&mut Value)) -> (Server, String) {
    let server = Server::new();
    let id = server.stored_session().await;
    let mut body: Value = serde_json::from_slice(&server.store.body(&server.key(&id))).unwrap();
    change(&mut body);
    server.store.insert(server.key(&id), body.to_string());
    (server, id)
}

#[tokio::test]
async fn extreme_times_neither_panic_nor_block_the_session() {
    for (field, time, alive) in [
        ("c", u64::MAX, true),
        ("i", u64::MAX, true),
        ("i", 0, false),
        ("c", 0, false),
        ("l", u64::MAX, true),
        ("l", 1, false),
    ] {
        let (server, id) = stored_with(|body| body[2][field] = time.into()).await;
        server.advance(1);
        let session = server.open(id.as_str()).await;
        assert_eq!(!session.is_new(), alive, "{field}: {time}");
        let _ = (session.created(), session.expires());
        session.set("n", &2).unwrap();
        session.regenerate_id().unwrap();
        let new = server.saved_id(&session).await;
        assert_eq!(server.n(&new).await, Some(2), "{field}: {time}");
    }
}

#[tokio::test]
async fn zero_and_maximum_lifetimes_do_not_panic() {
    for (policy, lives) in [
        (SessionPolicy::default().idle(Duration::ZERO), false),
        (SessionPolicy::default().absolute(Duration::ZERO), false),
        (SessionPolicy::default().idle(Duration::MAX), true),
        (SessionPolicy::default().absolute(Duration::MAX), true),
        (SessionPolicy::default().in_flight_window(Duration::MAX), true),
    ] {
        let server = Server::with(policy);
        let id = server.stored_session().await;
        assert_eq!(server.n(&id).await.is_some(), lives);
        for lifetime in [Lifetime::For(Duration::MAX), Lifetime::BrowserSession] {
            let session = server.open(id.as_str()).await;
            session.set("n", &2).unwrap();
            session.set_lifetime(lifetime).unwrap();
            let _ = (session.created(), session.expires());
            let _ = server.save(&session).await;
        }
        let session = server.open(id.as_str()).await;
        session.regenerate_id_keeping_old_for(Duration::MAX).unwrap();
        let _ = server.save(&session).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_behind_does_not_shorten_a_deadline() {
    let server = Server::new();
    let id = server.stored_session().await;
    // The same record, on a server whose clock is a day behind.
    let behind = Server { store: server.store.clone(), ..Server::new() };
    server.advance(20 * 3600);
    let session = server.open(id.as_str()).await;
    let _ = server.save(&session).await.unwrap();
    behind.increment_in_another_request(&id).await;
    server.advance(20 * 3600);
    assert_eq!(server.n(&id).await, Some(2));
}

#[tokio::test]
async fn a_record_without_meta_opens_and_gets_meta_when_saved() {
    for body in [r#"[{"n":1},{}]"#, r#"[{"n":1},{},null]"#, "[ {\"n\" : 1} ,\n{ } ]"] {
        let server = sharing();
        let id = server.stored_session().await;
        server.store.insert(server.key(&id), body);
        let session = server.open(id.as_str()).await;
        assert!(!session.is_new());
        let _ = server.save(&session).await.unwrap();
        let body = server.store.body(&server.key(&id));
        assert!(body.starts_with(br#"[{"n":1},{},{"v":1,"#), "{body:?}");
    }
}

#[tokio::test]
async fn the_last_of_two_equal_keys_counts_and_both_are_removed() {
    let server = sharing();
    let id = server.stored_session().await;
    let body = r#"[{"n":1,"\u006e":2},{"f":"a","f":"b"}]"#;
    server.store.insert(server.key(&id), body);
    let session = server.open(id.as_str()).await;
    assert_eq!(session.get::<u32>("n").unwrap(), Some(2));
    assert_eq!(session.get::<String>("f").unwrap().as_deref(), Some("b"));
    assert_eq!(session.get::<String>("f").unwrap(), None);
    session.unset("n").unwrap();
    let _ = server.save(&session).await.unwrap();
    let found = server.open(id.as_str()).await;
    assert!(found.is_empty(), "{:?}", found.data());
}

#[tokio::test]
async fn numbers_and_escapes_are_not_rewritten() {
    let server = sharing();
    let id = server.stored_session().await;
    let values = r#"{"big":123456789012345678901234567890,"e":1E+2,"s":"\u00e9\/","d":1.10}"#;
    server.store.insert(server.key(&id), format!("[{values},{{}}]"));
    let session = server.open(id.as_str()).await;
    session.set("x", &1).unwrap();
    let _ = server.save(&session).await.unwrap();
    let body = server.store.body(&server.key(&id));
    let body = std::str::from_utf8(&body).unwrap();
    for member in [
        r#""big":123456789012345678901234567890"#,
        r#""e":1E+2"#,
        r#""s":"\u00e9\/""#,
        r#""d":1.10"#,
        r#""x":1"#,
    ] {
        assert!(body.contains(member), "{body}");
    }
}

#[tokio::test]
async fn white_space_and_escaped_keys_survive_a_write() {
    let server = sharing();
    let id = server.stored_session().await;
    let body = r#"[ { "a" : 1 , "b\"\u00e9":[ 2 ],"c":3, "d" :"x" } , {"f" : 4 } ]"#;
    server.store.insert(server.key(&id), body);
    let session = server.open(id.as_str()).await;
    session.set("c", &5).unwrap();
    session.unset("a").unwrap();
    let _ = server.save(&session).await;
    let stored: Value = serde_json::from_slice(&server.store.body(&server.key(&id))).unwrap();
    let expected = serde_json::json!([{"b\"\u{e9}": [2], "c": 5, "d": "x"}, {"f": 4}]);
    assert_eq!(stored[0], expected[0]);
    assert_eq!(stored[1], expected[1]);
}

/// Without metadata, nothing says for which key the body was written.
#[tokio::test]
async fn a_record_without_meta_is_corrupt_unless_records_are_shared() {
    for body in [r#"[{"n":1},{}]"#, r#"[{"n":1},{},null]"#] {
        let server = Server::new();
        let id = server.stored_session().await;
        server.store.insert(server.key(&id), body);
        let opened = server.store.read(Some(id.as_str()), &server.policy).await;
        let error = opened.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("foreign_ids"), "{error}");
    }
}

#[tokio::test]
async fn a_malformed_record_is_corrupt_and_is_not_changed() {
    for body in [
        "",
        "null",
        "{}",
        "[]",
        "[{}]",
        "[{},[]]",
        "[[],{}]",
        "[{},{},{}]",
        "[{},{},{},{}]",
        r#"[{"a":1},{}"#,
        r#"[{"\ud800":1},{}]"#,
        r#"[{"a":01},{}]"#,
        r#"[{},{},{"v":2,"c":0,"i":0,"k":"AAAAAAAA"}]"#,
        r#"[{},{},{"v":1,"c":-1,"i":0,"k":"AAAAAAAA"}]"#,
    ] {
        let server = Server::new();
        let id = server.stored_session().await;
        server.store.insert(server.key(&id), body);
        let opened = server.store.read(Some(id.as_str()), &server.policy).await;
        assert!(matches!(opened, Err(Error::Store(_))), "{body}");
        assert_eq!(server.store.body(&server.key(&id)), body);
    }
}

#[tokio::test]
async fn a_record_copied_to_another_key_is_not_opened() {
    let server = Server::new();
    let (mine, yours) = (server.stored_session().await, server.stored_session().await);
    let body = server.store.body(&server.key(&yours));
    server.store.insert(server.key(&mine), body);
    let opened = server.store.read(Some(mine.as_str()), &server.policy).await;
    let error = opened.unwrap_err().to_string();
    assert!(error.contains("belongs to another key"), "{error}");
    assert!(!error.contains(&mine) && !error.contains(&yours), "{error}");
}

#[test]
fn metadata_in_any_json_form_is_read_and_invalid_metadata_is_corrupt() {
    let policy = SessionPolicy::default();
    let id = SessionId::parse("an-id-of-24-characters--").unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let tag = URL_SAFE_NO_PAD.encode(&RecordKey::hashed(&id).digest()[..6]);
    let open = |tail: &str| {
        let created = now - 1000;
        let body = format!(
            r#"[{{"a":1}},{{}},{{"v":1,"c":{created},"i":{FAR_FUTURE},"k":"{tag}"{tail}}}]"#
        );
        storage::open(id.clone(), body.into(), &policy)
    };
    let one = "AAAAAAAAAAAAAAAA";
    let key = "B".repeat(42) + "A";
    for (tail, alive) in [
        (String::new(), true),
        (format!(r#","w":"{one}""#), true),
        (format!(r#","w":"{one}{one}""#), true),
        (r#","w":"""#.to_owned(), true),
        (format!(r#","w":"{one}" "#), true),
        (format!(r#","w":"{one}","z":1"#), true),
        (format!(r#","w":"{one}","l":0"#), true),
        (format!(r#","w":"{one}","l":1"#), false),
        (format!(r#","l":1,"w":"{one}""#), false),
        (format!(r#","p":["{key}",1]"#), true),
        (format!(r#","w":"{one}","p":["=an-id",1]"#), true),
        (format!(r#","w":"{one}","p":["=\u0061n-id", 1]"#), true),
        (format!(r#","l":1,"p":["{key}",1]"#), false),
        (format!(r#","p":["{key}",1],"l":1"#), false),
        (format!(r#","p":["{key}",1],"t":{{"kind":"destroyed"}}"#), false),
        (format!(r#","w":"{one}","t":{{"kind":"destroyed"}}"#), false),
    ] {
        let session = open(&tail).unwrap();
        assert_eq!((!session.is_new(), session.has("a")), (alive, alive), "{tail}");
    }
    for tail in [
        r#","w":"x""#.to_owned(),
        format!(r#","w":"{one}","v":1"#),
        format!(r#","w":"{one}","p":["x",1]"#),
        format!(r#","p":["{key}B",1]"#),
        format!(r#","p":["{}B",1]"#, &key[1..]),
        format!(r#","p":["{key}",-1]"#),
        format!(r#","p":["{key}",1,1]"#),
        r#","p":["=\u00e9",1]"#.to_owned(),
        r#","p":["=",1]"#.to_owned(),
        r#","l":-1"#.to_owned(),
    ] {
        assert!(matches!(open(&tail), Err(Error::Store(_))), "{tail}");
    }
}

/// A server that starts anew where a record is damaged.
fn replacing() -> Server {
    Server::with(SessionPolicy::default().replace_damaged(true))
}

#[tokio::test]
async fn a_damaged_record_is_an_error_unless_the_policy_replaces_it() {
    for (server, opens) in [(Server::new(), false), (replacing(), true)] {
        let id = server.stored_session().await;
        let body = server.store.body(&server.key(&id));
        server.store.insert(server.key(&id), body.slice(..body.len() / 2));
        let opened = server.store.read(Some(id.as_str()), &server.policy).await;
        match opened {
            Ok(session) => assert!(opens && session.is_new() && session.is_empty()),
            Err(error) => assert!(!opens && error.kind() == ErrorKind::Corrupt, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_logout_or_a_login_removes_a_damaged_record() {
    type End = fn(&Session);
    let ends: [(End, usize); 5] = [
        (|session| session.destroy().unwrap(), 0),
        (|session| session.restart().unwrap(), 0),
        (|session| session.regenerate_id().unwrap(), 0),
        (
            |session| {
                session.regenerate_id().unwrap();
                session.set("n", &2).unwrap();
            },
            1,
        ),
        // Not a word about the old session: it is left to expire.
        (|session| session.set("n", &2).unwrap(), 2),
    ];
    for (end, records) in ends {
        let server = replacing();
        let id = server.stored_session().await;
        server.store.insert(server.key(&id), "[{},");
        let session = server.open(id.as_str()).await;
        end(&session);
        let saved = server.save(&session).await.unwrap();
        assert_eq!(server.store.len(), records);
        if let CookieChange::Set { value, .. } = saved.cookie {
            assert_ne!(value, id);
            assert_eq!(server.n(&value).await, Some(2));
        }
    }
}

/// A reply that was mixed up looks like a damaged record. The session is not removed blindly.
#[tokio::test]
async fn a_logout_reads_a_damaged_record_once_more() {
    let server = replacing();
    let id = server.stored_session().await;
    let body = server.store.body(&server.key(&id));
    server.store.insert(server.key(&id), "another's");
    let session = server.open(id.as_str()).await;
    server.store.insert(server.key(&id), body);
    let writer = server.open(id.as_str()).await;
    writer.regenerate_id().unwrap();
    let new = server.saved_id(&writer).await;
    session.destroy().unwrap();
    let saved = server.save(&session).await.unwrap();
    assert_eq!(saved.cookie, CookieChange::Remove);
    assert!(server.open(new.as_str()).await.is_new(), "the logout follows the session");
}

/// A logout that comes upon a damaged record on its way.
#[tokio::test]
async fn a_logout_removes_a_damaged_successor() {
    for (server, removes) in [(Server::new(), false), (replacing(), true)] {
        let id = server.stored_session().await;
        let session = server.open(id.as_str()).await;
        session.regenerate_id().unwrap();
        let new = server.saved_id(&session).await;
        server.store.insert(server.key(&new), "");
        let session = server.open(id.as_str()).await;
        session.destroy().unwrap();
        assert_eq!(server.save(&session).await.is_ok(), removes);
        assert_eq!(server.store.len(), if removes { 1 } else { 2 });
    }
}
