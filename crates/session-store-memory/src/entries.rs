//! A dense list that grows and shrinks by chunks: it never copies itself to grow, and gives memory back.

use crate::entry::Entry;
use crate::pages::Piece;

/// Of a chunk.
const FULL: usize = Piece::ENTRIES;

#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// All full but the last, and none empty.
    chunks: Vec<Chunk>,
    len: usize,
}

#[derive(Debug)]
enum Chunk {
    /// The first one until it is full, so that a store of a few records stays small; and those for which there was no piece.
    Growing(Vec<Entry>),
    /// What lies behind the last entry is of no meaning.
    Piece(Piece),
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Entry> {
        if at >= self.len {
            return None;
        }
        match self.chunks.get(at / FULL)? {
            Chunk::Growing(entries) => entries.get(at % FULL),
            Chunk::Piece(piece) => piece.entries()?.get(at % FULL),
        }
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Entry> {
        if at >= self.len {
            return None;
        }
        match self.chunks.get_mut(at / FULL)? {
            Chunk::Growing(entries) => entries.get_mut(at % FULL),
            Chunk::Piece(piece) => piece.entries_mut()?.get_mut(at % FULL),
        }
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        if self.len.is_multiple_of(FULL) {
            self.add_chunk();
        }
        self.len += 1;
        if let Some(Chunk::Growing(entries)) = self.chunks.last_mut() {
            entries.push(entry);
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
        if let Some(Chunk::Growing(entries)) = self.chunks.last_mut() {
            entries.pop();
        }
        if len.is_multiple_of(FULL)
            && let Some(Chunk::Piece(piece)) = self.chunks.pop()
        {
            piece.give_back();
        }
    }

    fn add_chunk(&mut self) {
        if let Some(last) = self.chunks.last_mut() {
            last.settle();
        }
        let piece = if self.chunks.is_empty() {
            None
        } else {
            Piece::take()
        };
        self.chunks
            .push(piece.map_or(Chunk::Growing(Vec::new()), Chunk::Piece));
    }
}

impl Chunk {
    /// Moves what is full into a piece, if there is one.
    fn settle(&mut self) {
        if let Self::Growing(entries) = self
            && let Some(mut piece) = Piece::take()
            && let Some(room) = piece.entries_mut()
        {
            room.clone_from_slice(entries);
            *self = Self::Piece(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::tests::REFUSE;

    fn entry(number: usize) -> Entry {
        let mut entry = Entry::new([0; 32]);
        entry.version = number as u64;
        entry
    }

    /// Does to a list what is done to the entries, and compares all of both.
    fn grows_and_shrinks(mut refuse: impl FnMut(usize) -> bool) {
        let (mut entries, mut list) = (Entries::default(), Vec::new());
        let check = |entries: &Entries, list: &[u64]| {
            assert_eq!(entries.len(), list.len());
            let found = (0..=list.len()).map_while(|at| Some(entries.get(at)?.version));
            assert!(found.eq(list.iter().copied()));
            assert_eq!(entries.chunks.len(), list.len().div_ceil(FULL));
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
                REFUSE.set(refuse(step));
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
        REFUSE.set(false);
        entries.pop();
        assert!(entries.get(0).is_none() && entries.get_mut(0).is_none());
    }

    #[test]
    fn it_holds_what_a_list_holds() {
        grows_and_shrinks(|_| false);
    }

    #[test]
    fn and_so_it_does_where_the_system_has_no_pages_to_give() {
        grows_and_shrinks(|_| true);
        grows_and_shrinks(|step| (step / FULL).is_multiple_of(2));
        grows_and_shrinks(|step| !(step / FULL).is_multiple_of(2));
    }

    #[test]
    fn a_few_entries_take_no_piece() {
        let mut entries = Entries::default();
        for number in 0..FULL {
            entries.push(entry(number));
            assert!(matches!(&*entries.chunks, [Chunk::Growing(_)]));
        }
        entries.push(entry(FULL));
        assert!(matches!(
            &*entries.chunks,
            [Chunk::Piece(_), Chunk::Piece(_)]
        ));
    }
}
