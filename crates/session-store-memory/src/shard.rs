//! One part of the store, behind one lock: a dense list of entries, and an index into it.

use session_core::{Condition, Record, Version};

use crate::bodies::Bodies;
use crate::entries::Entries;
use crate::entry::{Body, Entry};
use crate::index::Index;
use crate::limits::Totals;

/// How many entries an eviction looks at.
const SAMPLE: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Shard {
    index: Index,
    entries: Entries,
    bodies: Bodies,
    uses: u32,
    /// Entries before this position have still to be looked at in this round of sweeping.
    unswept: usize,
    /// Where the next eviction's sample begins.
    hand: usize,
}

impl Shard {
    pub(crate) fn load(&mut self, key: &[u8; 32], now: u32, totals: &Totals) -> Option<Record> {
        let at = self.find(key)?;
        let entry = self.entries.get_mut(at)?;
        if !entry.is_live(now) {
            self.remove_at(at, totals);
            return None;
        }
        self.uses = self.uses.wrapping_add(1);
        entry.used = self.uses;
        Some(Record {
            body: self.bodies.get(entry)?,
            version: Version::from(entry.version),
        })
    }

    /// The version that was stored; `None` if the condition does not hold.
    pub(crate) fn put(
        &mut self,
        key: &[u8; 32],
        body: Body<'_>,
        expires: u32,
        condition: &Condition,
        now: u32,
        totals: &Totals,
    ) -> Option<u64> {
        let found = self.live(key, now, totals);
        let holds = match (condition, found.and_then(|at| self.entries.get(at))) {
            (Condition::IfAbsent, None) => true,
            (Condition::IfVersion(version), Some(old)) => version.as_u64() == Some(old.version),
            _ => false,
        };
        if !holds {
            return None;
        }
        let at = found.unwrap_or_else(|| self.push(Entry::new(*key), totals));
        let entry = self.entries.get_mut(at)?;
        let cost = self.bodies.cost(entry);
        self.bodies.put(entry, body);
        totals.resize(cost, self.bodies.cost(entry));
        let version = totals.next_version();
        self.uses = self.uses.wrapping_add(1);
        entry.version = version;
        entry.expires = expires;
        entry.used = self.uses;
        Some(version)
    }

    /// Whether a live record was there.
    pub(crate) fn remove(&mut self, key: &[u8; 32], now: u32, totals: &Totals) -> bool {
        let at = self.live(key, now, totals);
        at.is_some_and(|at| self.remove_at(at, totals).is_some())
    }

    /// Removes the least recently used of a sample, an expired one first, and never the one with the version `keep`.
    pub(crate) fn evict(&mut self, keep: u64, now: u32, totals: &Totals) -> Option<Entry> {
        let len = self.entries.len();
        // Spread over the whole list: neighbours were made at the same time, and are equally old.
        let step = len.div_ceil(SAMPLE);
        self.hand = self.hand.wrapping_add(1);
        let (at, _) = (0..SAMPLE.min(len))
            .map(|nth| self.hand.wrapping_add(nth * step) % len)
            .filter_map(|at| Some((at, self.entries.get(at)?)))
            .filter(|(_, entry)| entry.version != keep)
            .max_by_key(|(_, entry)| (!entry.is_live(now), self.uses.wrapping_sub(entry.used)))?;
        self.remove_at(at, totals)
    }

    /// Looks at no more than `looks` entries and removes no more than `limit` expired ones, going on where the last call
    /// stopped. Returns how many were removed, and whether that ends a round.
    ///
    /// It walks backwards, so that what `swap_remove` moves has always been looked at.
    pub(crate) fn sweep(
        &mut self,
        limit: usize,
        looks: usize,
        now: u32,
        totals: &Totals,
    ) -> (usize, bool) {
        if self.unswept == 0 || self.unswept > self.entries.len() {
            self.unswept = self.entries.len();
        }
        let mut removed = 0;
        for _ in 0..looks {
            if self.unswept == 0 || removed == limit {
                break;
            }
            self.unswept -= 1;
            let at = self.unswept;
            let expired = self.entries.get(at).is_some_and(|e| !e.is_live(now));
            if expired && self.remove_at(at, totals).is_some() {
                removed += 1;
            }
        }
        (removed, self.unswept == 0)
    }

    /// Where the record stands. An expired one is removed on the way.
    fn live(&mut self, key: &[u8; 32], now: u32, totals: &Totals) -> Option<usize> {
        let at = self.find(key)?;
        if self.entries.get(at)?.is_live(now) {
            return Some(at);
        }
        self.remove_at(at, totals);
        None
    }

    fn find(&self, key: &[u8; 32]) -> Option<usize> {
        let is_it = |at| self.entries.get(at).is_some_and(|entry| entry.key == *key);
        self.index.find(hash(key), is_it)
    }

    /// Where it now stands.
    fn push(&mut self, entry: Entry, totals: &Totals) -> usize {
        let at = self.entries.len();
        let hash_of = |at| self.entries.get(at).map_or(0, |entry| hash(&entry.key));
        self.index.insert(hash(&entry.key), at, hash_of);
        totals.add(self.bodies.cost(&entry));
        self.entries.push(entry);
        at
    }

    fn remove_at(&mut self, at: usize, totals: &Totals) -> Option<Entry> {
        let last = self.entries.len().checked_sub(1)?;
        let last_hash = hash(&self.entries.get(last)?.key);
        let entry = self.entries.swap_remove(at)?;
        self.index.remove(hash(&entry.key), at);
        self.index.relocate(last_hash, last, at);
        totals.subtract(self.bodies.cost(&entry));
        self.bodies.forget(&entry);
        Some(entry)
    }
}

/// Eight bytes of a digest are as good a hash as any; the first byte chose the shard.
fn hash(key: &[u8; 32]) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(key.iter().skip(8)) {
        *to = *from;
    }
    u64::from_ne_bytes(bytes)
}
