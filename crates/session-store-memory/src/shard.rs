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
mod tests {
    use super::*;

    const SLICE: usize = 64;

    fn key(number: usize) -> [u8; 32] {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        key
    }

    /// The number is the version as well.
    fn insert(shard: &mut Shard, usage: &Usage, number: usize, expires: u64) {
        let entry = Entry::new(b"body", number as u64, expires);
        assert!(shard.put(&key(number), entry, &Condition::IfAbsent, 0, usage));
    }

    fn xorshift(state: &mut usize) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state >> 8
    }

    #[test]
    fn a_round_of_sweeping_misses_nothing_while_records_come_and_go() {
        const RECORDS: usize = 5_000;
        for seed in 1..=50 {
            let (mut shard, usage) = (Shard::default(), Usage::default());
            for number in 0..RECORDS {
                insert(&mut shard, &usage, number, 1 + (number % 3) as u64);
            }
            let (mut random, mut next, mut slices) = (seed, RECORDS, 0);
            let now = 2;
            loop {
                slices += 1;
                assert!(slices <= RECORDS, "the round has no end");
                let limit = 1 + xorshift(&mut random) % SLICE;
                let (removed, complete) = shard.sweep(SLICE, limit, now, &usage);
                assert!(removed.len() <= limit);
                assert!(removed.iter().all(|entry| !entry.is_live(now)));
                if complete {
                    break;
                }
                // At times more goes than comes, so that the shard becomes smaller than the part
                // that the round has yet to look at.
                for _ in 0..xorshift(&mut random) % 30 {
                    let number = xorshift(&mut random) % next;
                    match xorshift(&mut random) % 4 {
                        0 => drop(shard.load(&key(number), now, &usage)),
                        1 => drop(shard.remove(&key(number), now, &usage)),
                        2 => drop(shard.evict(0, 0, now, &usage)),
                        _ => {
                            insert(&mut shard, &usage, next, 3);
                            next += 1;
                        }
                    }
                }
            }
            let expired = shard.records.values().filter(|entry| !entry.is_live(now));
            assert_eq!(expired.count(), 0, "seed {seed}");
            assert_eq!(usage.records(), shard.records.len());
        }
    }

    #[test]
    fn a_slice_looks_at_no_more_than_it_may_and_the_next_goes_on() {
        let (mut shard, usage) = (Shard::default(), Usage::default());
        for number in 0..10 * SLICE {
            insert(&mut shard, &usage, number, 9);
        }
        for slice in 1..=20 {
            let (removed, complete) = shard.sweep(SLICE, usize::MAX, 1, &usage);
            assert_eq!((removed.len(), complete), (0, slice % 10 == 0));
            assert_eq!(shard.unswept, (10 - slice % 10) % 10 * SLICE);
        }
    }

    #[test]
    fn a_sweep_gives_memory_back() {
        let (mut shard, usage) = (Shard::default(), Usage::default());
        for number in 0..10_000 {
            insert(&mut shard, &usage, number, 1 + u64::from(number < 100));
        }
        let (removed, complete) = shard.sweep(usize::MAX, usize::MAX, 1, &usage);
        assert_eq!((removed.len(), complete), (9_900, true));
        assert!((100..1000).contains(&shard.records.capacity()));
        assert!((0..100).all(|number| shard.load(&key(number), 1, &usage).is_some()));
    }

    #[test]
    fn eviction_comes_close_to_the_least_recently_used() {
        let (mut shard, usage) = (Shard::default(), Usage::default());
        for number in 0..1_000 {
            insert(&mut shard, &usage, number, 9);
        }
        for _ in 0..500 {
            assert!(shard.evict(0, u64::MAX, 1, &usage).is_some());
        }
        let is_there = |number: &usize| shard.records.contains_key(&key(*number));
        let (old, new) = ((0..250), (750..1000));
        assert!(old.filter(is_there).count() < 25);
        assert_eq!(new.filter(is_there).count(), 250);
    }

    #[test]
    fn eviction_spares_the_record_just_written_and_shards_with_too_few() {
        let (mut shard, usage) = (Shard::default(), Usage::default());
        assert!(shard.evict(0, 7, 1, &usage).is_none());
        for number in [7, 8] {
            insert(&mut shard, &usage, number, 9);
        }
        assert!(shard.evict(3, 7, 1, &usage).is_none());
        assert_eq!(shard.evict(2, 7, 1, &usage).unwrap().version, 8);
        assert!(shard.evict(1, 7, 1, &usage).is_none());
        assert_eq!(usage.records(), 1);
    }
}
