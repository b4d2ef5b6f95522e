//! Records for the tests, by number.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use bytes::Bytes;
use session_core::{Condition, PutOutcome, RecordKey, RecordStore, Version};
use session_store_memory::MemoryStore;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Spread evenly, as digests are.
pub(crate) fn key(number: usize) -> RecordKey {
    let mut digest = [0; 32];
    let mut state = number as u64;
    for chunk in digest.chunks_mut(8) {
        state = (state ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 29;
        chunk.copy_from_slice(&state.to_le_bytes());
    }
    RecordKey::from_digest(digest)
}

pub(crate) async fn insert(store: &MemoryStore, number: usize, body: impl Into<Bytes>) -> Version {
    match store.put(&key(number), body.into(), HOUR, Condition::IfAbsent).await.unwrap() {
        PutOutcome::Stored(version) => version,
        PutOutcome::Refused => panic!("{number} was taken"),
    }
}

pub(crate) async fn has(store: &MemoryStore, number: usize) -> bool {
    store.load(&key(number)).await.unwrap().is_some()
}
