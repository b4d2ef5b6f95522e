//! A record as it stands in memory.

use std::sync::Arc;

use bytes::Bytes;
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

/// Four cache lines. A load of a small record touches this, and nothing else if it [stands at its home](crate::table): with a
/// million records each further address is a cache miss, and misses are most of what a load costs. In this order: what finds an
/// entry lies in its first line, and a body of up to 138 bytes in the first three.
///
/// Plain bytes, so that it can stand in memory that we map ourselves.
#[derive(Clone, Debug, FromBytes, Immutable, IntoBytes, KnownLayout)]
#[repr(C, align(64))]
pub(crate) struct Entry {
    pub(crate) key: [u8; 32],
    pub(crate) version: u64,
    /// In seconds on the store's clock.
    pub(crate) expires: u32,
    /// The low bits of the shard's count of uses, when it was last used.
    pub(crate) used: u32,
    /// Who comes next among those with the same home; see [the table](crate::table).
    pub(crate) next: u32,
    /// Of the body; `ELSEWHERE` if that is too long for the room here, which then holds its place among the long ones.
    len: u16,
    room: [u8; Entry::ROOM],
}

const ELSEWHERE: u16 = u16::MAX;

impl Entry {
    /// What a record takes with a body that fits into it: itself, and its share of unused room; rounded up.
    pub(crate) const SIZE: usize = 272;

    /// The longest body that an entry itself has room for.
    pub(crate) const ROOM: usize = 202;

    /// The longest body that lies in the first three lines.
    const THREE_LINES: usize = 138;

    /// Nobody comes next.
    pub(crate) const END: u32 = u32::MAX;

    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            next: Self::END,
            ..Self::new_zeroed()
        }
    }

    pub(crate) fn next(&self) -> Option<usize> {
        (self.next != Self::END).then_some(self.next as usize)
    }

    pub(crate) fn set_next(&mut self, at: usize) {
        self.next = at as u32;
    }

    pub(crate) fn is_live(&self, now: u32) -> bool {
        self.expires > now
    }

    /// The body, if it stands here.
    pub(crate) fn body(&self) -> Option<Bytes> {
        match self.len {
            ELSEWHERE => None,
            len if usize::from(len) <= Self::THREE_LINES => self.copy::<{ Self::THREE_LINES }>(),
            _ => self.copy::<{ Self::ROOM }>(),
        }
    }

    /// Clones of a plain copy would first allocate what they share; those of this share it from the start.
    fn copy<const N: usize>(&self) -> Option<Bytes> {
        let (len, room) = (self.len, *self.room.first_chunk::<N>()?);
        Some(Bytes::from_owner(Copy { len, room }))
    }

    /// Where the body stands among the long ones, unless it stands here.
    pub(crate) fn elsewhere(&self) -> Option<usize> {
        let place = self.room.first_chunk()?;
        (self.len == ELSEWHERE).then(|| usize::from_ne_bytes(*place))
    }

    /// `body` is no longer than `ROOM`.
    pub(crate) fn set_body(&mut self, body: &[u8]) {
        if let Some(room) = self.room.get_mut(..body.len()) {
            room.copy_from_slice(body);
            self.len = body.len() as u16;
        }
    }

    pub(crate) fn set_elsewhere(&mut self, place: usize) {
        self.set_body(&place.to_ne_bytes());
        self.len = ELSEWHERE;
    }
}

/// What a long body takes beside itself: where it is listed, its counts, and what the allocator keeps.
const BESIDE_LONG: usize = 48;

/// What a record with a body of this length takes.
pub(crate) fn cost(body: usize) -> usize {
    let beside = match body {
        0..=Entry::ROOM => 0,
        long => long.saturating_add(BESIDE_LONG),
    };
    Entry::SIZE.saturating_add(beside)
}

/// A small body, on its way out.
struct Copy<const N: usize> {
    len: u16,
    room: [u8; N],
}

impl<const N: usize> AsRef<[u8]> for Copy<N> {
    fn as_ref(&self) -> &[u8] {
        self.room.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// A body on its way in. What is kept is a copy, always: the caller's bytes may be a slice of something much larger, which they
/// would keep alive uncounted.
#[derive(Debug)]
pub(crate) enum Body<'a> {
    Short(&'a [u8]),
    /// Copied already, and shared with whoever loads it: the lock is never held while a large body is copied.
    Long(Arc<[u8]>),
}

impl<'a> From<&'a [u8]> for Body<'a> {
    fn from(body: &'a [u8]) -> Self {
        if body.len() <= Entry::ROOM {
            Self::Short(body)
        } else {
            Self::Long(Arc::from(body))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_256_bytes() {
        assert_eq!(size_of::<Entry>(), 256);
    }
}
