//! Keys, bodies, and stores on real servers.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use bytes::Bytes;
use session_core::{Condition, PutOutcome, RecordKey, RecordStore, Version};
use session_servers::Memcached;
use session_store_memcache::{MemcacheStore, MemcacheStoreBuilder};

pub(crate) const TTL: Duration = Duration::from_secs(600);

/// A different key for each number.
pub(crate) fn key(n: u64) -> RecordKey {
    let mut digest = [0; 32];
    // The placement uses the first bytes, and expects them to be spread evenly.
    digest[..8].copy_from_slice(&(n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    digest[24..].copy_from_slice(&n.to_be_bytes());
    RecordKey::from_digest(digest)
}

/// A body that names its record, of varying length.
pub(crate) fn body(n: u64) -> Bytes {
    let owner = format!("record {n} ");
    Bytes::from(owner.repeat(1 + usize::try_from(n % 50).unwrap()))
}

pub(crate) fn names(servers: &[Memcached]) -> Vec<String> {
    servers.iter().map(Memcached::addr).collect()
}

pub(crate) fn builder(servers: &[Memcached]) -> MemcacheStoreBuilder {
    MemcacheStore::builder(names(servers))
}

pub(crate) async fn connect(servers: &[Memcached]) -> MemcacheStore {
    builder(servers).connect().await.unwrap()
}

pub(crate) async fn insert(store: &MemcacheStore, key: &RecordKey, body: Bytes) -> Version {
    stored(put(store, key, body, Condition::IfAbsent).await)
}

pub(crate) async fn update(
    store: &MemcacheStore,
    key: &RecordKey,
    body: Bytes,
    old: Version,
) -> PutOutcome {
    put(store, key, body, Condition::IfVersion(old)).await
}

pub(crate) async fn put(
    store: &MemcacheStore,
    key: &RecordKey,
    body: Bytes,
    condition: Condition,
) -> PutOutcome {
    store.put(key, body, TTL, condition).await.unwrap()
}

/// The body and the version at `key`.
pub(crate) async fn load(store: &MemcacheStore, key: &RecordKey) -> Option<(Bytes, Version)> {
    let record = store.load(key).await.unwrap()?;
    Some((record.body, record.version))
}

pub(crate) fn stored(outcome: PutOutcome) -> Version {
    match outcome {
        PutOutcome::Stored(version) => version,
        PutOutcome::Refused => panic!("the write was refused"),
    }
}

/// A small random number generator with a seed, so that a failing run can be repeated.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
