//! A store with fault injection: its operations can pause half-way, fail, or lose their replies.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ring::digest::{SHA256, digest};
use session_core::{
    Clock, Condition, CookieChange, PutOutcome, Record, RecordKey, RecordStore, Result, Saved,
    Session, SessionId, SessionPolicy, SessionStorage, StoreError, StoreErrorKind, Version,
};

/// How one write fails.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The write takes effect, but its reply is lost.
    LostReply,
    /// The write does not take effect.
    Fails,
    /// The write takes effect when the test calls [`Store::deliver`], if its condition holds then.
    /// Its reply is lost.
    Delayed,
    /// The write succeeds.
    Succeeds,
    /// The store refuses the write because the body is too large.
    TooLarge,
    /// The write takes effect, but on fewer replicas than required.
    Unconfirmed,
}

/// Each record with its version.
type Records = HashMap<RecordKey, (u64, Bytes)>;

#[derive(Debug, Default)]
pub struct Store {
    records: Mutex<(u64, Records)>,
    /// The faults of the next writes, first to last.
    pub faults: Mutex<VecDeque<Fault>>,
    /// Whether every operation yields once before it takes effect and once after.
    pub pausing: AtomicBool,
    /// Whether another writer changes the version before every write.
    pub contended: AtomicBool,
    /// Whether loads fail.
    pub loads_fail: AtomicBool,
    /// A write that has not arrived yet.
    pub delayed: Mutex<Option<(RecordKey, Bytes, Condition)>>,
}

impl Store {
    async fn pause(&self) {
        if self.pausing.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    }

    /// Makes loads fail, or succeed again.
    pub fn set_loads_fail(&self, fail: bool) {
        self.loads_fail.store(fail, Ordering::SeqCst);
    }

    pub fn has_delayed_write(&self) -> bool {
        self.delayed.lock().unwrap().is_some()
    }

    /// Applies the delayed write.
    pub fn deliver(&self) {
        let (key, body, condition) = self.delayed.lock().unwrap().take().unwrap();
        let _ = self.write(&key, body, condition);
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.lock().unwrap().1.len()
    }

    pub fn remove_now(&self, key: &RecordKey) {
        self.records.lock().unwrap().1.remove(key).unwrap();
    }

    pub fn body(&self, key: &RecordKey) -> Bytes {
        self.records.lock().unwrap().1.get(key).unwrap().1.clone()
    }

    /// All bodies.
    pub fn bodies(&self) -> Vec<Bytes> {
        self.records.lock().unwrap().1.values().map(|(_, body)| body.clone()).collect()
    }

    /// Where the list of an account's sessions is: under the hash of its name.
    pub fn account_key(&self, name: &str) -> RecordKey {
        let hash = digest(&SHA256, format!("account\0{name}").as_bytes());
        let key = RecordKey::from_digest(hash.as_ref().try_into().unwrap());
        assert!(self.records.lock().unwrap().1.contains_key(&key));
        key
    }

    /// Stores `body` at `key`, whatever is there.
    pub fn insert(&self, key: RecordKey, body: impl Into<Bytes>) {
        let mut records = self.records.lock().unwrap();
        records.0 += 1;
        let version = records.0;
        records.1.insert(key, (version, body.into()));
    }

    fn write(&self, key: &RecordKey, body: Bytes, condition: Condition) -> PutOutcome {
        let mut records = self.records.lock().unwrap();
        if self.contended.load(Ordering::SeqCst)
            && let Some((version, _)) = records.1.get_mut(key)
        {
            *version += 1_000_000;
        }
        let current = records.1.get(key).map(|(version, _)| Version::from(*version));
        let holds = match condition {
            Condition::IfAbsent => current.is_none(),
            Condition::IfVersion(version) => current == Some(version),
        };
        if !holds {
            return PutOutcome::Refused;
        }
        records.0 += 1;
        let version = records.0;
        records.1.insert(key.clone(), (version, body));
        PutOutcome::Stored(Version::from(version))
    }
}

#[async_trait]
impl RecordStore for Store {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        self.pause().await;
        let found = self.records.lock().unwrap().1.get(key).cloned();
        self.pause().await;
        if self.loads_fail.load(Ordering::SeqCst) {
            return Err(StoreError::new(StoreErrorKind::Timeout, "no reply"));
        }
        Ok(found.map(|(version, body)| Record { body, version: Version::from(version) }))
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        _: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        self.pause().await;
        let fault = self.faults.lock().unwrap().pop_front();
        let outcome = match fault {
            Some(Fault::Fails | Fault::TooLarge) => None,
            Some(Fault::Delayed) => {
                let delayed = (key.clone(), body, condition);
                *self.delayed.lock().unwrap() = Some(delayed);
                None
            }
            _ => Some(self.write(key, body, condition)),
        };
        self.pause().await;
        match (fault, outcome) {
            (None | Some(Fault::Succeeds), Some(outcome)) => Ok(outcome),
            (Some(Fault::TooLarge), _) => {
                Err(StoreError::new(StoreErrorKind::TooLarge, "more than this store takes"))
            }
            (Some(Fault::Unconfirmed), _) => {
                Err(StoreError::new(StoreErrorKind::Unconfirmed, "written on no replica"))
            }
            _ => Err(StoreError::new(StoreErrorKind::Timeout, "no reply")),
        }
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        self.pause().await;
        let found = self.records.lock().unwrap().1.remove(key).is_some();
        self.pause().await;
        Ok(found)
    }
}

/// One server process: a store and a policy.
#[derive(Clone, Debug)]
pub struct Server {
    pub store: Arc<Store>,
    pub policy: SessionPolicy,
}

impl Server {
    pub fn new() -> Self {
        Self::with(SessionPolicy::default())
    }

    pub fn with(policy: SessionPolicy) -> Self {
        let store: Arc<Store> = Arc::default();
        let policy = policy.clock(Clock::manual());
        Self { store, policy }
    }

    /// Another server on the same store, with a clock that is `seconds` ahead.
    pub fn with_clock_ahead(&self, seconds: u64) -> Self {
        let clock = self.policy.time().ahead_by(Duration::from_secs(seconds));
        Self { store: Arc::clone(&self.store), policy: self.policy.clone().clock(clock) }
    }

    pub fn advance(&self, seconds: u64) {
        self.policy.time().advance(Duration::from_secs(seconds));
    }

    /// Queues `faults` for the next writes.
    pub fn fail_writes(&self, faults: impl IntoIterator<Item = Fault>) {
        self.store.faults.lock().unwrap().extend(faults);
    }

    /// Makes the store's operations pause, or run through again.
    pub fn set_pausing(&self, pausing: bool) {
        self.store.pausing.store(pausing, Ordering::SeqCst);
    }

    pub fn key(&self, id: &str) -> RecordKey {
        RecordKey::hashed(&SessionId::parse_foreign(id).unwrap())
    }

    pub async fn open(&self, id: impl Into<Option<&str>>) -> Session {
        self.store.read(id.into(), &self.policy).await.unwrap()
    }

    pub async fn save(&self, session: &Session) -> Result<Saved> {
        self.store.save(session, &self.policy).await
    }

    /// Saves, and returns the new id that the cookie gets.
    pub async fn saved_id(&self, session: &Session) -> String {
        match self.save(session).await.unwrap().cookie {
            CookieChange::Set { value, .. } => value,
            other => panic!("expected a cookie, found {other:?}"),
        }
    }

    /// Stores a session with `n` = 1 and a flash `notice`, and returns its id.
    pub async fn stored_session(&self) -> String {
        let session = self.open(None).await;
        session.set("n", &1).unwrap();
        session.flash("notice", "hello").unwrap();
        self.saved_id(&session).await
    }

    /// The value of `n` in the session `id`.
    pub async fn n(&self, id: &str) -> Option<u32> {
        self.open(id).await.peek("n").unwrap()
    }

    /// Destroys the session in another request.
    pub async fn destroy_in_another_request(&self, id: &str) {
        let other = self.open(id).await;
        other.destroy().unwrap();
        let _ = self.save(&other).await.unwrap();
    }

    /// Adds one to `n` in another request.
    pub async fn increment_in_another_request(&self, id: &str) {
        let other = self.open(id).await;
        increment(&other);
        let _ = self.save(&other).await.unwrap();
    }
}

/// Adds one to `n`.
pub fn increment(session: &Session) {
    let plus_one = |n: Option<u32>| Some(n.unwrap_or(0) + 1);
    session.update("n", plus_one).unwrap();
}
