//! Where the entries of a shard stand: a hash table without holes, and without an index.
//!
//! With many records a look-up takes as long as it waits for memory, and an index beside the entries is one wait more. Here a key
//! says where its entry stands, its home, and the entries of one home are a list. That takes one look for 63 of a hundred entries,
//! and one and a half on the average.
//!
//! There are as many homes as entries, and always were: with each entry that comes, one home is divided in two, and with each that
//! goes, two become one again (W. Litwin, "Linear Hashing", VLDB 1980). So the table grows and shrinks by a step at a time.
//! Whoever has a home of its own lives there, or another of the same home does; all others stand where there is room.

use std::iter::successors;

use crate::entries::Entries;
use crate::entry::Entry;

#[derive(Debug, Default)]
pub(crate) struct Table {
    entries: Entries,
}

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Entry> {
        self.entries.get(at)
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Entry> {
        self.entries.get_mut(at)
    }

    /// Where the entry with this key stands.
    pub(crate) fn find(&self, key: &[u8; 32]) -> Option<usize> {
        let is_it = |at: &usize| self.get(*at).is_some_and(|entry| entry.key == *key);
        // Where a stranger lives at the key's home, its list has no such key either.
        self.list(self.home(key)).find(is_it)
    }

    /// Adds an entry whose key is not in it yet, and returns where it stands now.
    pub(crate) fn insert(&mut self, mut entry: Entry) -> Option<usize> {
        let hole = self.grow(entry.key)?;
        let home = self.home(&entry.key);
        if home != hole && self.is_at_home(home) {
            let first = self.get_mut(home)?;
            entry.next = first.next;
            first.set_next(hole);
            return self.set(hole, entry);
        }
        if home != hole {
            self.turn_out(home, hole)?;
        }
        self.set(home, entry)
    }

    /// Takes out the entry at `at`, and says where others may have come to by that.
    pub(crate) fn remove(&mut self, at: usize) -> Option<(Entry, [usize; 3])> {
        let entry = self.get(at)?.clone();
        let hole = if !self.is_at_home(at) {
            let before = self.before(at)?;
            self.get_mut(before)?.next = entry.next;
            at
        } else if let Some(second) = entry.next() {
            self.carry(second, at)?;
            second
        } else {
            at
        };
        let shared = self.shrink(hole)?;
        Some((entry, [at, hole, shared]))
    }

    /// Adds a place, and a home with it: that of some who shared another until now. Returns the place where then nobody stands.
    fn grow(&mut self, key: [u8; 32]) -> Option<usize> {
        let new = self.len();
        let divided = divided(new);
        let mut next = self.those_of(divided).next();
        self.entries.push(Entry::new(key));
        // The list, dealt out to two.
        let (mut stay, mut move_out) = (List::default(), List::default());
        while let Some(at) = next {
            let entry = self.get_mut(at)?;
            next = entry.next();
            entry.next = Entry::END;
            let home = self.home_of(at)?;
            let list = if home == new {
                &mut move_out
            } else {
                &mut stay
            };
            if let Some(last) = list.last.replace(at) {
                self.get_mut(last)?.set_next(at);
            } else {
                list.first = Some(at);
            }
        }
        let mut hole = new;
        if let Some(first) = move_out.first {
            self.carry(first, new)?;
            hole = first;
        }
        if hole == divided
            && let Some(first) = stay.first
        {
            self.carry(first, divided)?;
            hole = first;
        }
        Some(hole)
    }

    /// Drops the last place, where nobody stands at `hole`. Those whose home it was share another from now on, which is returned.
    fn shrink(&mut self, hole: usize) -> Option<usize> {
        let last = self.len().checked_sub(1)?;
        let shared = divided(last);
        if hole == last {
            // Had anyone this home, someone would stand here.
        } else if !self.is_at_home(last) {
            self.turn_out(last, hole)?;
        } else if shared == hole {
            self.carry(last, hole)?;
        } else if self.is_at_home(shared) {
            self.carry(last, hole)?;
            let end = self.list(hole).last()?;
            let first = self.get_mut(shared)?;
            let rest = first.next;
            first.set_next(hole);
            self.get_mut(end)?.next = rest;
        } else {
            self.turn_out(shared, hole)?;
            self.carry(last, shared)?;
        }
        self.entries.pop();
        Some(shared)
    }

    /// Moves an entry that does not stand at its home.
    fn turn_out(&mut self, from: usize, to: usize) -> Option<()> {
        let before = self.before(from)?;
        self.get_mut(before)?.set_next(to);
        self.carry(from, to)
    }

    /// Copies an entry to where nobody stands. What follows it in its list goes along, and what stands before it knows nothing of it.
    fn carry(&mut self, from: usize, to: usize) -> Option<()> {
        let entry = self.get(from)?.clone();
        self.set(to, entry).map(|_| ())
    }

    fn set(&mut self, at: usize, entry: Entry) -> Option<usize> {
        *self.get_mut(at)? = entry;
        Some(at)
    }

    /// Who stands before this one in its list.
    fn before(&self, at: usize) -> Option<usize> {
        let mut list = self.those_of(self.home_of(at)?);
        list.find(|before| self.get(*before).and_then(Entry::next) == Some(at))
    }

    /// Those with this home, the one who stands there first.
    fn those_of(&self, home: usize) -> impl Iterator<Item = usize> {
        self.list(home)
            .take_while(move |at| *at != home || self.is_at_home(home))
    }

    fn list(&self, first: usize) -> impl Iterator<Item = usize> {
        successors(Some(first), |at| self.get(*at)?.next())
    }

    fn is_at_home(&self, at: usize) -> bool {
        self.home_of(at) == Some(at)
    }

    fn home_of(&self, at: usize) -> Option<usize> {
        Some(self.home(&self.get(at)?.key))
    }

    fn home(&self, key: &[u8; 32]) -> usize {
        home(hash(key), self.len())
    }
}

/// The first and the last of a list.
#[derive(Default)]
struct List {
    first: Option<usize>,
    last: Option<usize>,
}

/// By as many bits of the hash as number all homes; by one less where that home is not there yet.
fn home(hash: usize, homes: usize) -> usize {
    let bits = homes.next_power_of_two() - 1;
    let home = hash & bits;
    if home < homes {
        home
    } else {
        home & (bits >> 1)
    }
}

/// The home that is divided in two where this one is the new one: the same without its first bit.
fn divided(new: usize) -> usize {
    new.checked_ilog2().map_or(0, |bit| new & !(1 << bit))
}

/// Some bytes of a digest are as good a hash as any; the first one chose the shard.
fn hash(key: &[u8; 32]) -> usize {
    let mut bytes = [0; size_of::<usize>()];
    for (to, from) in bytes.iter_mut().zip(key.iter().skip(8)) {
        *to = *from;
    }
    usize::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn key(number: u64, hash: u64) -> [u8; 32] {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_ne_bytes());
        key[8..16].copy_from_slice(&hash.to_ne_bytes());
        key
    }

    /// That each home with anyone is lived in, and that all of its list, and no others, hang on who lives there.
    fn check(table: &Table, map: &BTreeMap<[u8; 32], u64>) {
        assert_eq!(table.len(), map.len());
        let mut seen = vec![0; table.len()];
        for home in 0..table.len() {
            for at in table.those_of(home) {
                assert_eq!(table.home_of(at), Some(home));
                seen[at] += 1;
            }
        }
        assert!(seen.iter().all(|times| *times == 1), "{seen:?}");
        for (key, version) in map {
            let at = table.find(key).unwrap();
            assert_eq!(table.get(at).unwrap().version, *version);
        }
    }

    /// Does to a table what is done to a map. Where others come to by a removal is where it says.
    fn grows_and_shrinks(hash: impl Fn(u64) -> u64) {
        let (mut table, mut map) = (Table::default(), BTreeMap::new());
        let mut random = 1_u64;
        for step in 0..6_000_u64 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Up to some hundreds, and down again, more than once.
            let key = key(step, hash(random));
            let fill = step % 2_000 < 1_000;
            if map.is_empty() || (random >> 32 & 3 != 0) == fill {
                let mut entry = Entry::new(key);
                entry.version = step;
                let at = table.insert(entry).unwrap();
                assert_eq!(table.find(&key), Some(at));
                map.insert(key, step);
            } else {
                let at = (random >> 34) as usize % table.len();
                let before: Vec<_> = (0..table.len())
                    .map(|at| table.get(at).unwrap().version)
                    .collect();
                let (removed, moved) = table.remove(at).unwrap();
                assert_eq!(map.remove(&removed.key), Some(removed.version));
                assert_eq!(table.find(&removed.key), None);
                let others = (0..table.len())
                    .filter(|other| table.get(*other).unwrap().version != before[*other]);
                for other in others {
                    assert!(moved.contains(&other), "{other} of {moved:?}");
                }
            }
            if step % 7 == 0 || table.len() < 10 {
                check(&table, &map);
            }
        }
    }

    #[test]
    fn it_holds_what_a_map_holds() {
        grows_and_shrinks(|random| random);
    }

    #[test]
    fn and_so_it_does_where_many_share_a_home() {
        grows_and_shrinks(|random| random % 7 * 64);
        grows_and_shrinks(|random| random % 300);
        grows_and_shrinks(|_| 5);
    }

    #[test]
    fn most_stand_at_home() {
        let mut table = Table::default();
        let mut random = 1_u64;
        for number in 0..15_625 {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            table.insert(Entry::new(key(number, random >> 20))).unwrap();
        }
        let home = (0..table.len()).filter(|at| table.is_at_home(*at));
        let share = home.count() as f64 / table.len() as f64;
        assert!(share > 0.6, "{share}");
        let looks: usize = (0..table.len())
            .map(|home| {
                table
                    .those_of(home)
                    .zip(1..)
                    .map(|(_, look)| look)
                    .sum::<usize>()
            })
            .sum();
        let looks = looks as f64 / table.len() as f64;
        assert!(looks < 1.6, "{looks}");
    }
}
