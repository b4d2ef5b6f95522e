//! What a store may hold, and what it holds.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            records: 1_000_000,
            bytes: 512 << 20,
        }
    }
}

impl Limits {
    /// They would take 130 gigabytes; the places of a shard are numbered by 32 bits.
    pub(crate) const MOST_RECORDS: usize = 500_000_000;

    /// How many shards serve these limits: at most 64, and few enough that eviction, which looks into one shard, still has
    /// a few hundred records to choose from.
    pub(crate) fn shards(self) -> usize {
        let wanted = (self.records >> 8).min(self.bytes >> 18).clamp(1, 64);
        1 << wanted.ilog2()
    }
}

/// The counters of the whole store. Only writes touch them, so that loads share no cache line across shards.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) records: AtomicUsize,
    pub(crate) bytes: AtomicUsize,
    versions: AtomicU64,
}

impl Totals {
    /// A version that no record of this store ever had. One counter for all, since a counter for each record would start again
    /// after a removal, and let a writer from before it pass.
    pub(crate) fn next_version(&self) -> u64 {
        self.versions.fetch_add(1, Relaxed) + 1
    }

    pub(crate) fn add(&self, cost: usize) {
        self.records.fetch_add(1, Relaxed);
        self.bytes.fetch_add(cost, Relaxed);
    }

    pub(crate) fn subtract(&self, cost: usize) {
        self.records.fetch_sub(1, Relaxed);
        self.bytes.fetch_sub(cost, Relaxed);
    }

    /// A record that cost `old` now costs `new`. Mostly that is the same, and nothing is written that other shards share.
    pub(crate) fn resize(&self, old: usize, new: usize) {
        if old != new {
            self.bytes.fetch_add(new.wrapping_sub(old), Relaxed);
        }
    }

    pub(crate) fn exceed(&self, limits: Limits) -> bool {
        self.records.load(Relaxed) > limits.records || self.bytes.load(Relaxed) > limits.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_stores_have_one_shard_and_large_ones_64() {
        let shards = |records, bytes| Limits { records, bytes }.shards();
        assert_eq!(Limits::default().shards(), 64);
        assert_eq!(shards(1, 0), 1);
        assert_eq!(shards(511, 1 << 30), 1);
        assert_eq!(shards(512, 1 << 30), 2);
        assert_eq!(shards(1800, 1 << 30), 4);
        assert_eq!(shards(1_000_000, 1 << 18), 1);
    }
}
