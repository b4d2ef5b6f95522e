//! One part of the store, behind one lock: a table of entries, and the bodies that are too long for those.

use session_core::{Condition, Record, Version};

use crate::bodies::Bodies;
use crate::entry::{Body, Entry};
use crate::limits::Totals;
use crate::table::Table;

/// How many entries an eviction looks at.
const SAMPLE: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Shard {
    table: Table,
    bodies: Bodies,
    uses: u32,
    /// Entries before this position have still to be looked at in this round of sweeping.
    unswept: usize,
    /// Places behind that one to which the sweep itself moved entries that it may not have looked at.
    again: Vec<usize>,
    /// Where the next eviction's sample begins.
    hand: usize,
}

impl Shard {
    pub(crate) fn load(&mut self, key: &[u8; 32], now: u32, totals: &Totals) -> Option<Record> {
        let at = self.table.find(key)?;
        let entry = self.table.get_mut(at)?;
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
        let holds = match (condition, found.and_then(|at| self.table.get(at))) {
            (Condition::IfAbsent, None) => true,
            (Condition::IfVersion(version), Some(old)) => version.as_u64() == Some(old.version),
            _ => false,
        };
        if !holds {
            return None;
        }
        let at = match found {
            Some(at) => at,
            None => self.push(Entry::new(*key), totals)?,
        };
        let entry = self.table.get_mut(at)?;
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
        let len = self.table.len();
        // Spread over the whole table: guests that stand side by side mostly came at the same time, and are equally old.
        let step = len.div_ceil(SAMPLE);
        self.hand = self.hand.wrapping_add(1);
        let (at, _) = (0..SAMPLE.min(len))
            .map(|nth| self.hand.wrapping_add(nth * step) % len)
            .filter_map(|at| Some((at, self.table.get(at)?)))
            .filter(|(_, entry)| entry.version != keep)
            .max_by_key(|(_, entry)| (!entry.is_live(now), self.uses.wrapping_sub(entry.used)))?;
        let (evicted, _) = self.remove_at(at, totals)?;
        Some(evicted)
    }

    /// Looks at no more than `looks` entries and removes no more than `limit` expired ones, going on where the last call
    /// stopped. Returns how many were removed, and whether that ends a round.
    ///
    /// It walks backwards, and looks again at the places behind it to which its own removals move others. What other writes move there
    /// meanwhile waits for the next round.
    pub(crate) fn sweep(
        &mut self,
        limit: usize,
        looks: usize,
        now: u32,
        totals: &Totals,
    ) -> (usize, bool) {
        if (self.unswept == 0 && self.again.is_empty()) || self.unswept > self.table.len() {
            self.unswept = self.table.len();
        }
        let mut removed = 0;
        for _ in 0..looks {
            if removed == limit {
                break;
            }
            let at = match (self.again.pop(), self.unswept.checked_sub(1)) {
                (Some(at), _) => at,
                (None, Some(next)) => {
                    self.unswept = next;
                    next
                }
                (None, None) => break,
            };
            let expired = self.table.get(at).is_some_and(|e| !e.is_live(now));
            if expired && let Some((_, moved)) = self.remove_at(at, totals) {
                removed += 1;
                for place in moved {
                    let is_passed = (self.unswept..self.table.len()).contains(&place);
                    if is_passed && !self.again.contains(&place) {
                        self.again.push(place);
                    }
                }
            }
        }
        (removed, self.unswept == 0 && self.again.is_empty())
    }

    /// Where the record stands. An expired one is removed on the way.
    fn live(&mut self, key: &[u8; 32], now: u32, totals: &Totals) -> Option<usize> {
        let at = self.table.find(key)?;
        if self.table.get(at)?.is_live(now) {
            return Some(at);
        }
        self.remove_at(at, totals);
        None
    }

    /// Where it now stands.
    fn push(&mut self, entry: Entry, totals: &Totals) -> Option<usize> {
        totals.add(self.bodies.cost(&entry));
        self.table.insert(entry)
    }

    /// The entry that stood at `at`, and where others may have come to.
    fn remove_at(&mut self, at: usize, totals: &Totals) -> Option<(Entry, [usize; 3])> {
        let (entry, moved) = self.table.remove(at)?;
        totals.subtract(self.bodies.cost(&entry));
        self.bodies.forget(&entry);
        Some((entry, moved))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_short_sweeps_look_little_more_often_than_there_are_entries() {
        const ENTRIES: u64 = 15_000;
        let (mut shard, totals) = (Shard::default(), Totals::default());
        for number in 0..ENTRIES {
            let mut key = [0; 32];
            let hash = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let hash = (hash ^ hash >> 32).wrapping_mul(0xff51_afd7_ed55_8ccd);
            key[8..16].copy_from_slice(&(hash ^ hash >> 29).to_ne_bytes());
            let expires = if number % 10 == 0 { 1 } else { 9 };
            let body = Body::from(&b"body"[..]);
            let put = shard.put(&key, body, expires, &Condition::IfAbsent, 0, &totals);
            assert!(put.is_some());
        }
        let (mut found, mut looks) = (0, 0);
        loop {
            // One look at a time, so that they are counted.
            let (removed, ended) = shard.sweep(1, 1, 5, &totals);
            found += removed;
            looks += 1;
            if ended {
                break;
            }
            assert!(looks < 2 * ENTRIES, "{found} found");
        }
        assert_eq!(found as u64, ENTRIES / 10);
        assert_eq!(shard.table.len() as u64, ENTRIES - ENTRIES / 10);
    }
}
