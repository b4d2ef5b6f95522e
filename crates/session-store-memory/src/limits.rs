//! What a store may hold, and what it holds.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use session_core::{StoreError, StoreErrorKind};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
    /// The longest body of one record.
    pub(crate) body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { records: 1_000_000, bytes: 512 << 20, body: 1 << 20 }
    }
}

impl Limits {
    /// How many shards the store has: a power of two, at most 64.
    ///
    /// Eviction compares records within one shard. So a small store has few shards or only one, and
    /// each shard's share of the bounds is at least 512 records and 1 MiB.
    pub(crate) fn shards(self) -> usize {
        let wanted = (self.records / 512).min(self.bytes >> 20).clamp(1, 64);
        1 << wanted.ilog2()
    }

    /// Refuses a record that is too large, or that could never fit: it would evict all others.
    pub(crate) fn check(self, body: &[u8]) -> Result<(), StoreError> {
        if body.len() > self.body {
            return Err(StoreError::new(
                StoreErrorKind::TooLarge,
                format!(
                    "the record has {} bytes, and the memory store takes {}: keep less in the \
                     session, or raise max_body",
                    body.len(),
                    self.body
                ),
            ));
        }
        let size = cost(body);
        if size <= self.bytes {
            return Ok(());
        }
        Err(StoreError::new(
            StoreErrorKind::TooLarge,
            format!(
                "the record takes {size} bytes and the whole memory store holds {}: \
                 keep less in the session, or raise max_bytes",
                self.bytes
            ),
        ))
    }
}

/// See [`MemoryStore::RECORD_SIZE`](crate::MemoryStore::RECORD_SIZE).
pub(crate) const RECORD_SIZE: usize = 144;

/// What a record with this body counts for, in bytes.
pub(crate) fn cost(body: &[u8]) -> usize {
    RECORD_SIZE.saturating_add(body.len())
}

/// What all shards hold. Each shard updates it under its own lock.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    records: AtomicUsize,
    bytes: AtomicUsize,
}

impl Usage {
    pub(crate) fn records(&self) -> usize {
        self.records.load(Relaxed)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    pub(crate) fn exceeds(&self, limits: Limits) -> bool {
        self.records() > limits.records || self.bytes() > limits.bytes
    }

    pub(crate) fn add(&self, body: &[u8]) {
        self.records.fetch_add(1, Relaxed);
        self.bytes.fetch_add(cost(body), Relaxed);
    }

    pub(crate) fn subtract(&self, body: &[u8]) {
        self.records.fetch_sub(1, Relaxed);
        self.bytes.fetch_sub(cost(body), Relaxed);
    }

    /// In one step: another writer must not see both bodies counted, and evict for them.
    pub(crate) fn replace(&self, old: &[u8], new: &[u8]) {
        // Atomic addition wraps around, so the difference may be negative.
        self.bytes.fetch_add(new.len().wrapping_sub(old.len()), Relaxed);
    }
}

#[cfg(test)]
#[path = "../tests/unit/limits.rs"]
mod tests;
