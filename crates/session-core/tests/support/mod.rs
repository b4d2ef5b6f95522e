//! A store whose operations can be stopped half-way, fail, or lose their replies.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{
    Clock, Condition, CookieChange, PutOutcome, Record, RecordKey, RecordStore, Result, Saved,
    Session, SessionId, SessionPolicy, SessionStorage, StoreError, StoreErrorKind, Version,
};

/// What happens to a write.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It takes effect, and its reply is lost.
    Lost,
    /// It does not take effect.
    Fails,
    /// It takes effect once it is delivered, if its condition holds then; its reply is lost.
    Late,
    /// None.
    Works,
    /// It is too large.
    TooLarge,
    /// It takes effect, and not on as many replicas as were asked for.
    Unconfirmed,
}

/// By key, with their versions.
type Records = HashMap<RecordKey, (u64, Bytes)>;

#[derive(Debug, Default)]
pub struct Store {
    records: Mutex<(u64, Records)>,
    /// What happens to the next writes.
    pub faults: Mutex<VecDeque<Fault>>,
    /// Whether every operation stops once before it acts and once after.
    pub stops: AtomicBool,
    /// Whether somebody else always comes first.
    pub crowded: AtomicBool,
    /// Whether loads fail.
    pub blind: AtomicBool,
    /// A write that is still on its way.
    pub late: Mutex<Option<(RecordKey, Bytes, Condition)>>,
}

impl Store {
    async fn stop(&self) {
        if self.stops.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    }

    /// Whether loads fail from now on.
    pub fn blind(&self, blind: bool) {
        self.blind.store(blind, Ordering::SeqCst);
    }

    pub fn has_late(&self) -> bool {
        self.late.lock().unwrap().is_some()
    }

    /// The late write arrives.
    pub fn deliver(&self) {
        let (key, body, condition) = self.late.lock().unwrap().take().unwrap();
        let _ = self.write(&key, body, condition);
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.lock().unwrap().1.len()
    }

    pub fn forget(&self, key: &RecordKey) {
        self.records.lock().unwrap().1.remove(key).unwrap();
    }

    pub fn body(&self, key: &RecordKey) -> Bytes {
        self.records.lock().unwrap().1.get(key).unwrap().1.clone()
    }

    pub fn place(&self, key: RecordKey, body: impl Into<Bytes>) {
        let mut records = self.records.lock().unwrap();
        records.0 += 1;
        let version = records.0;
        records.1.insert(key, (version, body.into()));
    }

    fn write(&self, key: &RecordKey, body: Bytes, condition: Condition) -> PutOutcome {
        let mut records = self.records.lock().unwrap();
        if self.crowded.load(Ordering::SeqCst)
            && let Some((version, _)) = records.1.get_mut(key)
        {
            *version += 1_000_000;
        }
        let stands = records
            .1
            .get(key)
            .map(|(version, _)| Version::from(*version));
        let holds = match condition {
            Condition::IfAbsent => stands.is_none(),
            Condition::IfVersion(version) => stands == Some(version),
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
        self.stop().await;
        let found = self.records.lock().unwrap().1.get(key).cloned();
        self.stop().await;
        if self.blind.load(Ordering::SeqCst) {
            return Err(StoreError::new(StoreErrorKind::Timeout, "no reply"));
        }
        Ok(found.map(|(version, body)| Record {
            body,
            version: Version::from(version),
        }))
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        _: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        self.stop().await;
        let fault = self.faults.lock().unwrap().pop_front();
        let done = match fault {
            Some(Fault::Fails | Fault::TooLarge) => None,
            Some(Fault::Late) => {
                let late = (key.clone(), body, condition);
                *self.late.lock().unwrap() = Some(late);
                None
            }
            _ => Some(self.write(key, body, condition)),
        };
        self.stop().await;
        match (fault, done) {
            (None | Some(Fault::Works), Some(done)) => Ok(done),
            (Some(Fault::TooLarge), _) => Err(StoreError::new(
                StoreErrorKind::TooLarge,
                "more than this store takes",
            )),
            (Some(Fault::Unconfirmed), _) => Err(StoreError::new(
                StoreErrorKind::Unconfirmed,
                "written on no replica",
            )),
            _ => Err(StoreError::new(StoreErrorKind::Timeout, "no reply")),
        }
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        self.stop().await;
        let found = self.records.lock().unwrap().1.remove(key).is_some();
        self.stop().await;
        Ok(found)
    }
}

/// A store and a policy, as a server has them.
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

    /// Another server with the same store, whose clock is so many seconds ahead.
    pub fn with_clock_ahead(&self, seconds: u64) -> Self {
        let clock = Clock::manual();
        clock.advance(Duration::from_secs(seconds));
        let policy = SessionPolicy::default().clock(clock);
        Self {
            store: Arc::clone(&self.store),
            policy,
        }
    }

    pub fn advance(&self, seconds: u64) {
        self.policy.time().advance(Duration::from_secs(seconds));
    }

    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.store.faults.lock().unwrap().extend(faults);
    }

    /// Whether the store's operations stop from now on.
    pub fn stops(&self, stops: bool) {
        self.store.stops.store(stops, Ordering::SeqCst);
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

    /// Saves, and returns the id that the browser is given.
    pub async fn saved_id(&self, session: &Session) -> String {
        match self.save(session).await.unwrap().cookie {
            CookieChange::Set { value, .. } => value,
            other => panic!("expected a cookie, found {other:?}"),
        }
    }

    /// The id of a session with `n` = 1 and a flash `notice`.
    pub async fn stored_session(&self) -> String {
        let session = self.open(None).await;
        session.set("n", &1).unwrap();
        session.flash("notice", "hello").unwrap();
        self.saved_id(&session).await
    }

    pub async fn n(&self, id: &str) -> Option<u32> {
        self.open(id).await.peek("n").unwrap()
    }

    /// Another request ends the session.
    pub async fn another_logs_out(&self, id: &str) {
        let other = self.open(id).await;
        other.destroy().unwrap();
        let _ = self.save(&other).await.unwrap();
    }

    /// Another request counts `n` up.
    pub async fn another_counts(&self, id: &str) {
        let other = self.open(id).await;
        count(&other);
        let _ = self.save(&other).await.unwrap();
    }
}

pub fn count(session: &Session) {
    let more = |n: Option<u32>| Some(n.unwrap_or(0) + 1);
    session.update("n", more).unwrap();
}
