//! Pins the record format. `tests/known/make.mjs` made the known answers from `docs/formats.md`,
//! without this crate.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use session_core::{
    Clock, Condition, Error, ErrorKind, Lifetime, PutOutcome, Record, RecordKey, RecordStore,
    Session, SessionId, SessionPolicy, SessionStorage, StoreError, Version,
};

/// The time at which all known answers were made.
const NOW: u64 = 4_102_444_800_000;

/// Stores bodies in a map. The version of a record is its body.
#[derive(Debug, Default)]
struct Store(Mutex<HashMap<RecordKey, Bytes>>);

impl Store {
    fn with(key: RecordKey, body: &str) -> Self {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Self(Mutex::new(HashMap::from([(key, body)])))
    }

    fn body(&self, key: &RecordKey) -> String {
        let bodies = self.0.lock().unwrap();
        String::from_utf8(bodies[key].to_vec()).unwrap()
    }
}

#[async_trait]
impl RecordStore for Store {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let bodies = self.0.lock().unwrap();
        Ok(bodies
            .get(key)
            .map(|body| Record { body: body.clone(), version: Version::from_bytes(body) }))
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        _: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let mut bodies = self.0.lock().unwrap();
        let current = bodies.get(key).map(|body| Version::from_bytes(body));
        let holds = match condition {
            Condition::IfAbsent => current.is_none(),
            Condition::IfVersion(version) => current == Some(version),
        };
        if !holds {
            return Ok(PutOutcome::Refused);
        }
        let version = Version::from_bytes(&body);
        bodies.insert(key.clone(), body);
        Ok(PutOutcome::Stored(version))
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        Ok(self.0.lock().unwrap().remove(key).is_some())
    }
}

/// A policy whose clock says `millis`, and that opens records of other libraries.
fn policy_at(millis: u64) -> SessionPolicy {
    let clock = Clock::manual();
    clock.advance(time(millis).duration_since(clock.now()).unwrap());
    SessionPolicy::default().foreign_ids(true).clock(clock)
}

fn time(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

#[derive(Deserialize)]
struct Opened {
    what: String,
    id: String,
    body: String,
    #[serde(rename = "is")]
    state: String,
    created: Option<u64>,
    /// The first moment at which it is no longer in this state. `None` if the body has no deadline.
    #[serde(rename = "ends")]
    deadline: Option<u64>,
    #[serde(default)]
    values: BTreeMap<String, Value>,
    #[serde(default)]
    flash: BTreeMap<String, Value>,
    /// Until when the old values in a tombstone can be read.
    #[serde(rename = "kept_until")]
    readable_until: Option<u64>,
}

impl Opened {
    async fn open_at(&self, millis: u64) -> Result<(Session, Store, SessionPolicy), Error> {
        let policy = policy_at(millis);
        let id = SessionId::parse_foreign(&self.id).unwrap();
        let store = Store::with(policy.record_key(&id), &self.body);
        let session = store.read(Some(self.id.as_str()), &policy).await?;
        Ok((session, store, policy))
    }

    /// Its state at `millis`. Only a write tells a moved session from a new one.
    async fn state_at(&self, millis: u64) -> &'static str {
        let (session, store, policy) = match self.open_at(millis).await {
            Ok(opened) => opened,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{}", self.what);
                return "corrupt";
            }
        };
        if !session.is_new() {
            assert_eq!(session.id().unwrap().as_str(), self.id, "{}", self.what);
            return "live";
        }
        session.set("written", &true).unwrap();
        match store.save(&session, &policy).await {
            Ok(_) => "new",
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Moved, "{}", self.what);
                "moved"
            }
        }
    }
}

fn values(texts: &BTreeMap<String, Box<RawValue>>) -> BTreeMap<String, Value> {
    let value = |text: &RawValue| serde_json::from_str(text.get()).unwrap();
    let values = texts.iter().map(|(key, text)| (key.clone(), value(text)));
    values.collect()
}

#[tokio::test]
async fn records_open_as_documented() {
    let known: Vec<Opened> = serde_json::from_str(include_str!("known/opened.json")).unwrap();
    for known in known {
        let what = &known.what;
        // A destroyed session opens as a new one.
        let expected = match known.state.as_str() {
            "destroyed" => "new",
            other => other,
        };
        assert_eq!(known.state_at(NOW).await, expected, "{what}");
        if expected == "corrupt" {
            continue;
        }
        let (session, ..) = known.open_at(NOW).await.unwrap();
        assert_eq!(values(&session.data().values), known.values, "{what}");
        assert_eq!(values(&session.data().flash), known.flash, "{what}");
        if let Some(created) = known.created {
            assert_eq!(session.created(), time(created), "{what}");
        }
        if let Some(deadline) = known.deadline {
            assert_eq!(known.state_at(deadline - 1).await, expected, "{what}");
            assert_eq!(known.state_at(deadline).await, "new", "{what}");
        }
        if let Some(until) = known.readable_until {
            let (before, ..) = known.open_at(until - 1).await.unwrap();
            let (after, ..) = known.open_at(until).await.unwrap();
            assert!(!before.is_empty() && after.is_empty(), "{what}");
        }
    }
}

/// A logout follows the successors that a tombstone names, and destroys them.
#[tokio::test]
async fn a_logout_follows_the_successors_in_a_tombstone() {
    let known: Vec<Opened> = serde_json::from_str(include_str!("known/opened.json")).unwrap();
    let next = SessionId::parse("zyxwvutsrqponmlkjihgfedc").unwrap();
    let mut followed = 0;
    for known in known.iter().filter(|known| known.what.starts_with("moved")) {
        let (session, store, policy) = known.open_at(NOW).await.unwrap();
        let key = match known.body.contains("\"=") {
            true => RecordKey::plain_of(&next),
            false => RecordKey::hashed(&next),
        };
        let live = Bytes::from_static(b"[{\"a\":1},{}]");
        store.0.lock().unwrap().insert(key.clone(), live);
        session.destroy().unwrap();
        let _ = store.save(&session, &policy).await.unwrap();
        assert!(store.body(&key).contains("\"t\":{\"kind\":\"destroyed\"}"));
        followed += 1;
    }
    assert_eq!(followed, 3);
}

#[derive(Deserialize)]
struct Written {
    what: String,
    id: String,
    #[serde(default)]
    plain: bool,
    before: String,
    steps: Vec<Vec<Value>>,
    after: String,
    next: Option<String>,
}

fn act(session: &Session, step: &[Value]) -> Result<(), Error> {
    let text = |index: usize| step[index].as_str().unwrap();
    let duration = |index: usize| Duration::from_millis(step[index].as_u64().unwrap());
    match text(0) {
        "set" => session.set(text(1), &step[2]),
        "unset" => session.unset(text(1)),
        "flash" => session.flash(text(1), &step[2]),
        "destroy" => session.destroy(),
        "restart" => session.restart(),
        "regenerate" => session.regenerate_id(),
        "keep" => session.regenerate_id_keeping_old_for(duration(1)),
        "lifetime" => session.set_lifetime(Lifetime::For(duration(1))),
        "browser_session" => session.set_lifetime(Lifetime::BrowserSession),
        other => panic!("no such step: {other}"),
    }
}

/// The first write id in a body.
fn write_id(body: &str) -> &str {
    let list = body.split_once("\"w\":\"").unwrap().1;
    let id = &list[..16];
    assert_eq!(URL_SAFE_NO_PAD.decode(id).unwrap().len(), 12);
    id
}

#[tokio::test]
async fn records_are_written_as_documented() {
    let known: Vec<Written> = serde_json::from_str(include_str!("known/written.json")).unwrap();
    for known in known {
        let what = &known.what;
        let policy = policy_at(NOW).plain_keys(known.plain);
        let key = policy.record_key(&SessionId::parse_foreign(&known.id).unwrap());
        let store = Store::with(key.clone(), &known.before);
        let session = store.read(Some(known.id.as_str()), &policy).await.unwrap();
        assert!(!session.is_new(), "{what}");
        for step in &known.steps {
            act(&session, step).unwrap();
        }
        let _ = store.save(&session, &policy).await.unwrap();

        let after = store.body(&key);
        let mut expected = known.after.replace("(write)", write_id(&after));
        if let Some(next) = &known.next {
            let id = session.id().unwrap();
            let next_key = policy.record_key(&id);
            let text = match known.plain {
                true => format!("={}", id.as_str()),
                false => URL_SAFE_NO_PAD.encode(next_key.digest()),
            };
            expected = expected.replace("(next)", &text);
            let written = store.body(&next_key);
            let tag = URL_SAFE_NO_PAD.encode(&next_key.digest()[..6]);
            let next = next.replace("(write)", write_id(&written));
            assert_eq!(written, next.replace("(tag)", &tag), "{what}");
        }
        assert_eq!(after, expected, "{what}");
    }
}

#[test]
fn record_keys_are_derived_from_ids() {
    let known: Vec<Value> = serde_json::from_str(include_str!("known/keys.json")).unwrap();
    for known in known {
        let id = SessionId::parse_foreign(known["id"].as_str().unwrap()).unwrap();
        let key = RecordKey::hashed(&id);
        assert_eq!(known["hex"], json!(key.hex()));
        let digest = key.digest();
        assert_eq!(known["text"], json!(URL_SAFE_NO_PAD.encode(digest)));
        assert_eq!(known["tag"], json!(URL_SAFE_NO_PAD.encode(&digest[..6])));
        assert_eq!(RecordKey::plain_of(&id).plain(), Some(known["id"].as_str().unwrap()));
    }
}
