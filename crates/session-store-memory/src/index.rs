//! Finds the place of an entry by the hash of its key, in one cache miss.
//!
//! A list of 32-bit slots, probed one after the other from where the hash points to. A slot holds eight bits of the hash
//! beside the place, so that a wrong entry is hardly ever looked at. A general hash table keeps its marks apart from its
//! values, which costs a second miss on each load.

#[derive(Debug, Default)]
pub(crate) struct Index {
    slots: Box<[u32]>,
    /// Slots that are not `EMPTY`; at most three quarters.
    taken: usize,
    live: usize,
}

const PLACE: u32 = (1 << 24) - 1;
const EMPTY: u32 = u32::MAX;
/// Was taken: a search goes on behind it.
const DEAD: u32 = u32::MAX - 1;

impl Index {
    /// The place with this hash that `is_it` agrees to.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        self.search(hash, is_it).map(|(_, place)| place)
    }

    /// Adds a place that is not in it yet; `hash_of` gives the hash of any place that is in it.
    pub(crate) fn insert(&mut self, hash: u64, place: usize, hash_of: impl Fn(usize) -> u64) {
        if (self.taken + 1) * 4 > self.slots.len() * 3 {
            self.rebuild(hash_of);
        }
        self.live += 1;
        self.set_first_free(hash, place);
    }

    pub(crate) fn remove(&mut self, hash: u64, place: usize) {
        if let Some((at, _)) = self.search(hash, |found| found == place) {
            self.set(at, DEAD);
            self.live -= 1;
        }
    }

    /// The entry with this hash stands at `new` now.
    pub(crate) fn relocate(&mut self, hash: u64, old: usize, new: usize) {
        if let Some((at, _)) = self.search(hash, |found| found == old) {
            self.set(at, slot(hash, new));
        }
    }

    fn search(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
        for at in self.probe(hash) {
            let found = *self.slots.get(at)?;
            if found == EMPTY {
                return None;
            }
            let place = (found & PLACE) as usize;
            if found == slot(hash, place) && is_it(place) {
                return Some((at, place));
            }
        }
        None
    }

    fn set_first_free(&mut self, hash: u64, place: usize) {
        for at in self.probe(hash) {
            match self.slots.get(at) {
                Some(&EMPTY) => self.taken += 1,
                Some(&DEAD) => {}
                _ => continue,
            }
            return self.set(at, slot(hash, place));
        }
    }

    fn set(&mut self, at: usize, value: u32) {
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = value;
        }
    }

    /// All slots, in the order in which this hash asks for them.
    fn probe(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let len = self.slots.len();
        // The low half, as a fraction of the list.
        let home = (((hash & 0xffff_ffff) * len as u64) >> 32) as usize;
        (home..len).chain(0..home)
    }

    /// Makes the list half full, without the dead.
    fn rebuild(&mut self, hash_of: impl Fn(usize) -> u64) {
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![EMPTY; ((self.live + 1) * 2).max(16)].into();
        self.taken = 0;
        for found in old {
            if found != EMPTY && found != DEAD {
                let place = (found & PLACE) as usize;
                self.set_first_free(hash_of(place), place);
            }
        }
    }
}

fn slot(hash: u64, place: usize) -> u32 {
    let mark = (hash >> 56) as u32;
    mark << 24 | (place as u32 & PLACE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn it_finds_what_a_map_finds() {
        // Hashes with few low bits, so that most of them collide.
        let hash = |key: u64| (key % 7) << 56 | (key % 13) << 28;
        let mut random = 1_u64;
        let mut index = Index::default();
        let mut keys: Vec<u64> = Vec::new();
        let mut map: HashMap<u64, usize> = HashMap::new();
        for _ in 0..20_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let key = (random >> 33) % 300;
            match map.remove(&key) {
                None => {
                    index.insert(hash(key), keys.len(), |place| hash(keys[place]));
                    map.insert(key, keys.len());
                    keys.push(key);
                }
                Some(place) => {
                    let last = keys.len() - 1;
                    index.remove(hash(key), place);
                    index.relocate(hash(keys[last]), last, place);
                    keys.swap_remove(place);
                    if place != last {
                        map.insert(keys[place], place);
                    }
                }
            }
            for probe in [key, (random >> 40) % 300] {
                let found = index.find(hash(probe), |place| keys[place] == probe);
                assert_eq!(found, map.get(&probe).copied());
            }
        }
    }
}
