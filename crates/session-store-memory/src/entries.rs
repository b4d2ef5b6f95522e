//! A dense list that grows and shrinks by chunks: it never copies itself to grow, and gives memory back.

use crate::entry::Entry;
use crate::pages::Piece;

/// Of a chunk.
const FULL: usize = Piece::ENTRIES;

/// Chunks that are all full but the last, and none empty.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// The first ones. What lies behind the last entry is of no meaning.
    ///
    /// Of nothing but pieces, so that the list is short: with a million entries it is looked at for each, and stays in the processor's
    /// caches.
    pieces: Vec<Piece>,
    /// The ones behind those: one that grows, so that a store of a few records stays small, and those for which there was no piece.
    others: Vec<Vec<Entry>>,
    len: usize,
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Entry> {
        if at >= self.len {
            return None;
        }
        match self.pieces.get(at / FULL) {
            Some(piece) => piece.entries()?.get(at % FULL),
            None => self
                .others
                .get(at / FULL - self.pieces.len())?
                .get(at % FULL),
        }
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Entry> {
        if at >= self.len {
            return None;
        }
        let pieces = self.pieces.len();
        match self.pieces.get_mut(at / FULL) {
            Some(piece) => piece.entries_mut()?.get_mut(at % FULL),
            None => self.others.get_mut(at / FULL - pieces)?.get_mut(at % FULL),
        }
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        if self.len.is_multiple_of(FULL) {
            self.add_chunk();
        }
        self.len += 1;
        if let Some(last) = self.others.last_mut() {
            last.push(entry);
        } else if let Some(last) = self.get_mut(self.len - 1) {
            *last = entry;
        }
    }

    /// Drops the last entry.
    pub(crate) fn pop(&mut self) {
        let Some(len) = self.len.checked_sub(1) else {
            return;
        };
        self.len = len;
        if let Some(last) = self.others.last_mut() {
            last.pop();
            if last.is_empty() {
                self.others.pop();
            }
        } else if len.is_multiple_of(FULL)
            && let Some(piece) = self.pieces.pop()
        {
            piece.give_back();
        }
    }

    fn add_chunk(&mut self) {
        self.settle();
        let piece = if self.len > 0 && self.others.is_empty() {
            Piece::take()
        } else {
            None
        };
        match piece {
            Some(piece) => self.pieces.push(piece),
            None => self.others.push(Vec::new()),
        }
    }

    /// Moves the first of the others, all of which are full, into a piece if there is one: no more, since a lock is held.
    fn settle(&mut self) {
        if let Some(first) = self.others.first()
            && let Some(mut piece) = Piece::take()
            && let Some(room) = piece.entries_mut()
        {
            room.clone_from_slice(first);
            self.others.remove(0);
            self.pieces.push(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::tests::LEFT;

    fn entry(number: usize) -> Entry {
        let mut entry = Entry::new([0; 32]);
        entry.version = number as u64;
        entry
    }

    /// Does to a list what is done to the entries, and compares all of both.
    fn grows_and_shrinks(left: impl Fn(usize) -> usize) {
        let (mut entries, mut list) = (Entries::default(), Vec::new());
        let check = |entries: &Entries, list: &[u64]| {
            assert_eq!(entries.len(), list.len());
            let found = (0..=list.len()).map_while(|at| Some(entries.get(at)?.version));
            assert!(found.eq(list.iter().copied()));
            let chunks = entries.pieces.len() + entries.others.len();
            assert_eq!(chunks, list.len().div_ceil(FULL));
        };
        // Up to four chunks, nearly down, up again, and down to nothing.
        for (upwards, end) in [
            (true, 4 * FULL),
            (false, FULL / 2),
            (true, 3 * FULL + 1),
            (false, 0),
        ] {
            while list.len() != end {
                let step = list.len();
                LEFT.set(left(step));
                if upwards {
                    entries.push(entry(step));
                    list.push(step as u64);
                } else {
                    entries.pop();
                    list.pop();
                }
                if step.is_multiple_of(97) || step % FULL < 2 {
                    check(&entries, &list);
                }
            }
            check(&entries, &list);
        }
        LEFT.set(usize::MAX);
        entries.pop();
        assert!(entries.get(0).is_none() && entries.get_mut(0).is_none());
    }

    #[test]
    fn it_holds_what_a_list_holds() {
        grows_and_shrinks(|_| usize::MAX);
    }

    #[test]
    fn and_so_it_does_where_the_system_has_few_pages_to_give_or_none() {
        grows_and_shrinks(|_| 0);
        // To move what is there, and not for what is new.
        grows_and_shrinks(|_| 1);
        grows_and_shrinks(|step| step / FULL % 2);
        grows_and_shrinks(|step| step / FULL % 3);
        grows_and_shrinks(|step| (step / FULL + 1) % 2 * usize::MAX);
    }

    #[test]
    fn a_few_entries_take_no_piece() {
        let mut entries = Entries::default();
        for number in 0..FULL {
            entries.push(entry(number));
            assert_eq!((entries.pieces.len(), entries.others.len()), (0, 1));
        }
        entries.push(entry(FULL));
        assert_eq!((entries.pieces.len(), entries.others.len()), (2, 0));
    }
}
