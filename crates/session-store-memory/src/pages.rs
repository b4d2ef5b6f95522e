//! Memory that the kernel backs with huge pages where it can.
//!
//! A large store is read in no order: with pages of 4 KiB nearly every load misses the processor's list of pages, and to look one
//! up takes as long as to fetch the record.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use memmap2::MmapMut;
use zerocopy::FromBytes;

use crate::entry::Entry;

/// Room for as many entries as fit into 128 KiB: so little that each shard may leave half of one unused, and so much that a shard of
/// some ten thousand entries lists few.
///
/// A page becomes a huge one if all its 2 MiB are mapped when it is first touched. Pieces are mapped one after the other, which
/// puts them side by side: so a page serves the pieces of many shards, and a piece that nobody needs yet takes no memory.
#[derive(Debug)]
pub(crate) struct Piece(MmapMut);

const SIZE: usize = 128 << 10;

/// As many pieces as a huge page holds.
const HUGE: usize = (2 << 20) / SIZE;

/// Handed out from the front, and never to the end: a huge page's worth is left, so that the page of which a piece is the first
/// is mapped as a whole.
static POOL: Mutex<Pool> = Mutex::new(Pool {
    pieces: VecDeque::new(),
    holes: 0,
});

struct Pool {
    pieces: VecDeque<Piece>,
    /// Pieces that were given back to the system, less those mapped since, which fill the holes.
    holes: usize,
}

/// Each hole may cost the process one map more, of which Linux allows 65,530 (`vm.max_map_count`): beyond so many, which are four
/// gigabytes, what a store gives back is kept for the next.
const MOST_HOLES: usize = 30_000;

impl Piece {
    pub(crate) const ENTRIES: usize = SIZE / size_of::<Entry>();

    /// What the entries are is of no meaning. `None` if the system has no more to give.
    pub(crate) fn take() -> Option<Self> {
        #[cfg(test)]
        tests::LEFT.set(tests::LEFT.get().checked_sub(1)?);
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.pieces.len() <= HUGE {
            pool.pieces.extend((0..HUGE).map_while(|_| Self::map()));
            pool.holes = pool.holes.saturating_sub(HUGE);
        }
        pool.pieces.pop_front()
    }

    /// To the next who takes one rather than to the system, as long as they are few: a hole breaks a huge page into small ones.
    pub(crate) fn give_back(self) {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.pieces.len() < 4 * HUGE || pool.holes >= MOST_HOLES {
            pool.pieces.push_front(self);
        } else {
            pool.holes += 1;
        }
    }

    pub(crate) fn entries(&self) -> Option<&[Entry; Self::ENTRIES]> {
        FromBytes::ref_from_bytes(&self.0).ok()
    }

    pub(crate) fn entries_mut(&mut self) -> Option<&mut [Entry; Self::ENTRIES]> {
        FromBytes::mut_from_bytes(&mut self.0).ok()
    }

    fn map() -> Option<Self> {
        let map = MmapMut::map_anon(SIZE).ok()?;
        // A wish: where there are no huge pages, small ones do.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Some(Self(map))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// How many pieces the system has left to give.
        pub(crate) static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    #[test]
    fn a_piece_is_full_of_entries() {
        let mut piece = Piece::take().unwrap();
        assert_eq!(
            piece.entries_mut().unwrap().len() * size_of::<Entry>(),
            SIZE
        );
        piece.entries_mut().unwrap()[7].version = 9;
        assert_eq!(piece.entries().unwrap()[7].version, 9);
    }
}
