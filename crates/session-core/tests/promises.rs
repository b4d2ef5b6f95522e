//! The promises of the engine on a minimal store, for sequential and overlapping requests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Serialize, Serializer};
use session_core::{
    Condition, CookieChange, Error, Outcome, PutOutcome, Record, RecordKey, RecordStore, Session,
    SessionPolicy, SessionStorage, StoreError, Version,
};

type Records = HashMap<RecordKey, (u64, Bytes)>;

#[derive(Debug, Default)]
struct Store(Mutex<(u64, Records)>);

#[async_trait]
impl RecordStore for Store {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let store = self.0.lock().unwrap();
        Ok(store
            .1
            .get(key)
            .map(|(version, body)| Record { body: body.clone(), version: Version::from(*version) }))
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        _: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let mut store = self.0.lock().unwrap();
        let current = store.1.get(key).map(|(version, _)| Version::from(*version));
        let holds = match condition {
            Condition::IfAbsent => current.is_none(),
            Condition::IfVersion(version) => current == Some(version),
        };
        if !holds {
            return Ok(PutOutcome::Refused);
        }
        store.0 += 1;
        let version = store.0;
        store.1.insert(key.clone(), (version, body));
        Ok(PutOutcome::Stored(Version::from(version)))
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        Ok(self.0.lock().unwrap().1.remove(key).is_some())
    }
}

fn id_of(change: CookieChange) -> String {
    match change {
        CookieChange::Set { value, .. } => value,
        other => panic!("expected a cookie, found {other:?}"),
    }
}

async fn open(store: &Store, id: &str) -> Session {
    store.read(Some(id), &SessionPolicy::default()).await.unwrap()
}

/// Stores a session with `n` = 1 and a flash `notice`, and returns its id.
async fn stored_session(store: &Store) -> String {
    let policy = SessionPolicy::default();
    let session = store.read(None, &policy).await.unwrap();
    session.set("n", &1).unwrap();
    session.flash("notice", "hello").unwrap();
    id_of(store.save(&session, &policy).await.unwrap().cookie)
}

#[test]
fn values_of_any_length_are_read_back() {
    let session = session_core::storage::empty(&SessionPolicy::default());
    for length in [0, 1, 60, 61, 62, 63, 64, 65, 1000] {
        let text = "x".repeat(length);
        session.set("text", &text).unwrap();
        assert_eq!(session.get::<String>("text").unwrap(), Some(text));
        let list: Vec<u32> = (0..length as u32).collect();
        session.set("list", &list).unwrap();
        assert_eq!(session.get::<Vec<u32>>("list").unwrap(), Some(list));
        let odd = HashMap::from([((1, 2), "x".repeat(length))]);
        assert!(matches!(session.set("odd", &odd), Err(Error::Encode { .. })));
    }
    assert_eq!(session.len(), 2);
}

/// A value that is empty after it was serialised once.
struct Drained(RefCell<std::ops::Range<u32>>);

impl Serialize for Drained {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&mut *self.0.borrow_mut())
    }
}

#[test]
fn a_value_is_serialised_once() {
    let session = session_core::storage::empty(&SessionPolicy::default());
    for length in [10, 40, 400] {
        session.set("list", &Drained((0..length).into())).unwrap();
        let list: Vec<u32> = session.get("list").unwrap().unwrap();
        assert_eq!(list, (0..length).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn overlapping_writes_are_merged() {
    let (store, policy) = (Store::default(), SessionPolicy::default());
    let id = stored_session(&store).await;
    let (a, b) = (open(&store, &id).await, open(&store, &id).await);
    b.set("b", "B").unwrap();
    b.update("n", |n: Option<u32>| n.map(|n| n + 1)).unwrap();
    assert_eq!(store.save(&b, &policy).await.unwrap().outcome, Outcome::Stored);
    a.set("a", "A").unwrap();
    a.update("n", |n: Option<u32>| n.map(|n| n + 1)).unwrap();
    let saved = store.save(&a, &policy).await.unwrap();
    assert_eq!((saved.outcome, saved.cookie), (Outcome::Merged, CookieChange::Keep));
    let found = open(&store, &id).await;
    assert_eq!(found.get::<String>("a").unwrap().unwrap(), "A");
    assert_eq!(found.get::<String>("b").unwrap().unwrap(), "B");
    assert_eq!(found.get::<u32>("n").unwrap(), Some(3));
}

#[tokio::test]
async fn a_logout_wins() {
    let (store, policy) = (Store::default(), SessionPolicy::default());
    let id = stored_session(&store).await;
    let (a, b) = (open(&store, &id).await, open(&store, &id).await);
    b.destroy().unwrap();
    assert_eq!(store.save(&b, &policy).await.unwrap().cookie, CookieChange::Remove);
    a.set("a", "A").unwrap();
    let saved = store.save(&a, &policy).await.unwrap();
    assert_eq!((saved.outcome, saved.cookie), (Outcome::Destroyed, CookieChange::Keep));
    assert!(open(&store, &id).await.is_empty());
}

#[tokio::test]
async fn a_login_moves_the_session_and_a_logout_finds_it() {
    let (store, policy) = (Store::default(), SessionPolicy::default());
    let id = stored_session(&store).await;
    let (a, b, c) = (open(&store, &id).await, open(&store, &id).await, open(&store, &id).await);
    b.regenerate_id().unwrap();
    b.set("user", &7).unwrap();
    let new = id_of(store.save(&b, &policy).await.unwrap().cookie);
    assert_eq!(open(&store, &new).await.get::<u32>("user").unwrap(), Some(7));
    assert_eq!(open(&store, &new).await.get::<u32>("n").unwrap(), Some(1));
    assert!(open(&store, &id).await.is_empty());
    a.set("a", "A").unwrap();
    assert!(matches!(store.save(&a, &policy).await, Err(Error::Moved)));
    c.destroy().unwrap();
    assert_eq!(store.save(&c, &policy).await.unwrap().cookie, CookieChange::Remove);
    assert!(open(&store, &new).await.is_empty());
}

#[tokio::test]
async fn a_flash_is_read_once() {
    let (store, policy) = (Store::default(), SessionPolicy::default());
    let id = stored_session(&store).await;
    let reader = open(&store, &id).await;
    assert_eq!(reader.peek::<String>("notice").unwrap().unwrap(), "hello");
    assert_eq!(reader.get::<String>("notice").unwrap().unwrap(), "hello");
    assert_eq!(reader.get::<String>("notice").unwrap(), None);
    let _ = store.save(&reader, &policy).await.unwrap();
    assert!(!open(&store, &id).await.has("notice"));
}

#[tokio::test]
async fn a_double_clicked_login_logs_in_twice() {
    let (store, policy) = (Store::default(), SessionPolicy::default());
    let id = stored_session(&store).await;
    let (a, b) = (open(&store, &id).await, open(&store, &id).await);
    let mut ids = Vec::new();
    for session in [&a, &b] {
        session.regenerate_id().unwrap();
        session.set("user", &7).unwrap();
        ids.push(id_of(store.save(session, &policy).await.unwrap().cookie));
    }
    for new in &ids {
        assert_eq!(open(&store, new).await.get::<u32>("user").unwrap(), Some(7));
    }
    let c = open(&store, &ids[0]).await;
    c.destroy().unwrap();
    let _ = store.save(&c, &policy).await.unwrap();
    for new in &ids {
        assert!(open(&store, new).await.is_empty());
    }
}
