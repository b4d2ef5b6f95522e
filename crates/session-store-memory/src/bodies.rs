//! The bodies of a shard's entries: most stand in the entries, and the long ones here.

use std::sync::Arc;

use bytes::Bytes;
use slab::Slab;

use crate::entry::{Body, Entry, cost};

#[derive(Debug, Default)]
pub(crate) struct Bodies {
    /// An entry keeps the place of its own, which stays the same when the entry moves.
    long: Slab<Arc<[u8]>>,
}

impl Bodies {
    pub(crate) fn get(&self, entry: &Entry) -> Option<Bytes> {
        entry
            .body()
            .or_else(|| Some(Bytes::from_owner(Arc::clone(self.long(entry)?))))
    }

    /// What the record takes in all.
    pub(crate) fn cost(&self, entry: &Entry) -> usize {
        cost(self.long(entry).map_or(0, |body| body.len()))
    }

    /// In place of the one that the entry has, which is an empty one at first.
    pub(crate) fn put(&mut self, entry: &mut Entry, body: Body<'_>) {
        let place = entry.elsewhere();
        match (body, place.and_then(|place| self.long.get_mut(place))) {
            (Body::Long(body), Some(old)) => *old = body,
            (Body::Long(body), None) => entry.set_elsewhere(self.long.insert(body)),
            (Body::Short(body), _) => {
                self.forget(entry);
                entry.set_body(body);
            }
        }
    }

    /// For an entry that goes.
    pub(crate) fn forget(&mut self, entry: &Entry) {
        if let Some(place) = entry.elsewhere() {
            self.long.try_remove(place);
            if self.long.is_empty() {
                self.long = Slab::new();
            }
        }
    }

    fn long(&self, entry: &Entry) -> Option<&Arc<[u8]>> {
        self.long.get(entry.elsewhere()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_as_it_was_on_either_side_of_the_limit() {
        let mut bodies = Bodies::default();
        let mut entry = Entry::new([0; 32]);
        for len in [0, 1, 201, 202, 203, 255, 256, 65_535, 70_000, 3] {
            let body: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
            bodies.put(&mut entry, Body::from(&*body));
            assert_eq!(bodies.get(&entry).unwrap(), body);
            assert_eq!(bodies.cost(&entry), cost(len));
            assert_eq!(bodies.long.len(), usize::from(len > Entry::ROOM));
        }
    }

    #[test]
    fn what_is_forgotten_is_freed_once_nobody_reads_it() {
        let mut bodies = Bodies::default();
        let (mut one, mut two) = (Entry::new([1; 32]), Entry::new([2; 32]));
        let body: Arc<[u8]> = Arc::from([7; 300]);
        bodies.put(&mut one, Body::Long(Arc::clone(&body)));
        bodies.put(&mut two, Body::from(&[8; 300][..]));
        let read = bodies.get(&one).unwrap();
        assert_eq!(Arc::strong_count(&body), 3);
        bodies.forget(&one);
        assert_eq!(Arc::strong_count(&body), 2);
        drop(read);
        assert_eq!(Arc::strong_count(&body), 1);
        assert_eq!(bodies.get(&two).unwrap(), [8; 300][..]);
        bodies.forget(&two);
        assert_eq!(bodies.long.capacity(), 0);
    }
}
