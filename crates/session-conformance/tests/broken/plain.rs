//! A correct store: one lock, one map, one counter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, Version};

use crate::flaw::{Loaded, Put, Write};

#[derive(Clone, Debug, Default)]
pub(crate) struct Plain(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) now: Duration,
    pub(crate) next: u64,
    pub(crate) records: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) body: Bytes,
    pub(crate) version: u64,
    pub(crate) expires: Duration,
}

impl Plain {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn write(&self, key: &RecordKey, write: Write) -> Put {
        let (mut state, name) = (self.lock(), name(key));
        if !state.holds(&name, &write.2) {
            return Ok(PutOutcome::Refused);
        }
        Ok(state.write(name, write.0, write.1))
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.lock().now += by;
    }
}

pub(crate) fn name(key: &RecordKey) -> String {
    match key.plain() {
        Some(id) => format!("id {id}"),
        None => key.hex(),
    }
}

impl State {
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.records.get(name).filter(|entry| self.now < entry.expires)
    }

    pub(crate) fn holds(&self, name: &str, condition: &Condition) -> bool {
        let now = self.get(name).map(|entry| Version::from(entry.version));
        match condition {
            Condition::IfAbsent => now.is_none(),
            Condition::IfVersion(version) => now.as_ref() == Some(version),
        }
    }

    pub(crate) fn write(&mut self, name: String, body: Bytes, ttl: Duration) -> PutOutcome {
        self.next += 1;
        let entry = Entry { body, version: self.next, expires: self.now.saturating_add(ttl) };
        self.records.insert(name, entry);
        PutOutcome::Stored(Version::from(self.next))
    }
}

impl Entry {
    pub(crate) fn record(&self) -> Record {
        Record { body: self.body.clone(), version: Version::from(self.version) }
    }
}

#[async_trait]
impl RecordStore for Plain {
    async fn load(&self, key: &RecordKey) -> Loaded {
        Ok(self.lock().get(&name(key)).map(Entry::record))
    }

    async fn put(&self, key: &RecordKey, body: Bytes, ttl: Duration, condition: Condition) -> Put {
        self.write(key, Write(body, ttl, condition))
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let (mut state, name) = (self.lock(), name(key));
        let found = state.get(&name).is_some();
        state.records.remove(&name);
        Ok(found)
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let now = state.now;
        let old = state.records.iter().filter(|(_, entry)| entry.expires <= now);
        let old: Vec<_> = old.map(|(name, _)| name.clone()).take(limit).collect();
        for name in &old {
            state.records.remove(name);
        }
        Ok(old.len())
    }
}
