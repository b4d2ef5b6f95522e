//! One part of the store, behind one lock.

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::DefaultHashBuilder;
use indexmap::IndexMap;
use session_core::{Condition, Record, Version};

use crate::limits::Usage;

/// How many records an eviction compares.
const SAMPLE: usize = 16;

#[derive(Default)]
pub(crate) struct Shard {
    /// An index map, because eviction and sweep address records by position.
    ///
    /// Keys are SHA-256 digests, but some bytes of the digest must not serve as its hash: a user
    /// who chooses an account name can try names until their digests collide there. This hasher is
    /// seeded.
    records: IndexMap<[u8; 32], Entry, DefaultHashBuilder>,
    /// Counts loads and writes, to tell which record was used last.
    uses: u64,
    /// The current round of sweeping has yet to look at the positions below this one.
    unswept: usize,
    /// Where the next eviction's sample starts.
    sample_start: usize,
}

/// A record in memory.
pub(crate) struct Entry {
    /// Not `Bytes`, whose first clone allocates: a record would grow when it is loaded.
    body: Arc<[u8]>,
    version: u64,
    /// A time of the store's clock.
    expires: u64,
    /// The value of `Shard::uses` at the last load or write.
    used: u64,
}

impl Entry {
    /// Copies the body, which may be a slice of a larger allocation: a reference would keep all of
    /// that alive, uncounted.
    pub(crate) fn new(body: &[u8], version: u64, expires: u64) -> Self {
        Self { body: Arc::from(body), version, expires, used: 0 }
    }

    pub(crate) fn is_live(&self, now: u64) -> bool {
        self.expires > now
    }
}

impl Shard {
    pub(crate) fn load(&mut self, key: &[u8; 32], now: u64, usage: &Usage) -> Option<Record> {
        let at = self.find(key, now, usage)?;
        let (_, entry) = self.records.get_index_mut(at)?;
        self.uses += 1;
        entry.used = self.uses;
        Some(Record {
            body: Bytes::from_owner(Arc::clone(&entry.body)),
            version: Version::from(entry.version),
        })
    }

    /// Whether the condition held and `entry` was written.
    pub(crate) fn put(
        &mut self,
        key: &[u8; 32],
        mut entry: Entry,
        condition: &Condition,
        now: u64,
        usage: &Usage,
    ) -> bool {
        let found = self.find(key, now, usage);
        let old = found.and_then(|at| Some(self.records.get_index_mut(at)?.1));
        let holds = match (condition, &old) {
            (Condition::IfAbsent, None) => true,
            (Condition::IfVersion(version), Some(old)) => *version == Version::from(old.version),
            _ => false,
        };
        if !holds {
            return false;
        }
        self.uses += 1;
        entry.used = self.uses;
        if let Some(old) = old {
            usage.replace(&old.body, &entry.body);
            *old = entry;
        } else {
            usage.add(&entry.body);
            self.records.insert(*key, entry);
        }
        true
    }

    /// Whether there was a live record.
    pub(crate) fn remove(&mut self, key: &[u8; 32], now: u64, usage: &Usage) -> bool {
        let found = self.find(key, now, usage);
        found.is_some_and(|at| self.remove_at(at, usage).is_some())
    }

    /// Removes the least recently used of a sample: an expired record first, and never the one with
    /// the version `written`. Does nothing in a shard with fewer than `least` records.
    pub(crate) fn evict(
        &mut self,
        least: usize,
        written: u64,
        now: u64,
        usage: &Usage,
    ) -> Option<Entry> {
        let len = self.records.len();
        if len < least {
            return None;
        }
        // Evenly spaced, since neighbours were often written, and last used, at the same time. The
        // start moves on, so that every record is compared at some time.
        let sample = SAMPLE.min(len);
        self.sample_start = self.sample_start.wrapping_add(1);
        let start = self.sample_start;
        let (at, _) = (0..sample)
            .map(|nth| start.wrapping_add(nth * len / sample) % len)
            .filter_map(|at| Some((at, self.records.get_index(at)?.1)))
            .filter(|(_, entry)| entry.version != written)
            .min_by_key(|(_, entry)| (entry.is_live(now), entry.used))?;
        self.remove_at(at, usage)
    }

    /// Looks at the next `slice` records of this round, and removes at most `limit` expired ones.
    /// Returns what it removed, and whether the round is complete.
    ///
    /// A round goes from the last position to the first, because a removal moves the last record
    /// into the gap. If the round has yet to look at that record, its position was below `unswept`,
    /// and the gap is lower still. So a round misses no record that was there when it started, even
    /// if other records are removed between two slices.
    pub(crate) fn sweep(
        &mut self,
        slice: usize,
        limit: usize,
        now: u64,
        usage: &Usage,
    ) -> (Vec<Entry>, bool) {
        let len = self.records.len();
        self.unswept = match self.unswept {
            0 => len,
            unswept => unswept.min(len),
        };
        let stop = self.unswept.saturating_sub(slice);
        let mut removed = Vec::new();
        while self.unswept > stop && removed.len() < limit {
            self.unswept -= 1;
            let next = self.records.get_index(self.unswept);
            if next.is_some_and(|(_, entry)| !entry.is_live(now)) {
                removed.extend(self.remove_at(self.unswept, usage));
            }
        }
        let complete = self.unswept == 0;
        if complete && self.records.capacity() / 4 > self.records.len() {
            self.records.shrink_to(2 * self.records.len());
        }
        (removed, complete)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The position of the live record at `key`. An expired one is removed.
    fn find(&mut self, key: &[u8; 32], now: u64, usage: &Usage) -> Option<usize> {
        let (at, _, entry) = self.records.get_full(key)?;
        if entry.is_live(now) {
            return Some(at);
        }
        self.remove_at(at, usage);
        None
    }

    fn remove_at(&mut self, at: usize, usage: &Usage) -> Option<Entry> {
        let (_, entry) = self.records.swap_remove_index(at)?;
        usage.subtract(&entry.body);
        Some(entry)
    }
}

#[cfg(test)]
#[path = "../tests/unit/shard.rs"]
mod tests;
