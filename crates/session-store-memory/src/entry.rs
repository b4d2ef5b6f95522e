//! A record as it stands in memory.

use std::sync::Arc;

use bytes::Bytes;
use session_core::{Record, Version};

/// Four cache lines. A load of a small record touches the index and this, and nothing else: with a million records each further
/// address is a cache miss, and misses are most of what a load costs. In this order: what finds an entry lies in its first
/// line, and a body of up to 142 bytes in the first three.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Entry {
    pub(crate) key: [u8; 32],
    pub(crate) version: u64,
    /// In seconds on the store's clock.
    pub(crate) expires: u32,
    /// The low bits of the shard's count of uses, when it was last used.
    pub(crate) used: u32,
    pub(crate) body: Body,
}

impl Entry {
    /// What a record takes with a body that fits into it: itself, and its share of the index and of unused room.
    pub(crate) const SIZE: usize = 280;

    /// What the record takes in all.
    pub(crate) fn cost(&self) -> usize {
        cost(self.body.len())
    }

    pub(crate) fn is_live(&self, now: u32) -> bool {
        self.expires > now
    }

    pub(crate) fn record(&self) -> Record {
        Record {
            body: self.body.bytes(),
            version: Version::from(self.version),
        }
    }
}

/// What a record with a body of this length takes.
pub(crate) fn cost(body: usize) -> usize {
    let beside = if body > Body::INLINE { body } else { 0 };
    Entry::SIZE.saturating_add(beside)
}

#[derive(Debug)]
pub(crate) enum Body {
    Inline {
        len: u8,
        bytes: [u8; Body::INLINE],
    },
    /// Shared with whoever loads it, so that the lock is never held while a large body is copied.
    Heap(Arc<[u8]>),
}

impl Body {
    /// The longest body that an entry itself has room for.
    pub(crate) const INLINE: usize = 206;

    fn len(&self) -> usize {
        match self {
            Self::Inline { len, .. } => usize::from(*len),
            Self::Heap(body) => body.len(),
        }
    }

    fn bytes(&self) -> Bytes {
        match self {
            // Clones of a plain copy would first allocate what they share; those of this share it from the start.
            Self::Inline { len, bytes } => Bytes::from_owner(Inline {
                len: *len,
                bytes: *bytes,
            }),
            Self::Heap(body) => Bytes::from_owner(Arc::clone(body)),
        }
    }
}

/// A small body, on its way out.
struct Inline {
    len: u8,
    bytes: [u8; Body::INLINE],
}

impl AsRef<[u8]> for Inline {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// A copy, always: the caller's bytes may be a slice of something much larger, which they would keep alive uncounted.
impl From<&[u8]> for Body {
    fn from(body: &[u8]) -> Self {
        let mut bytes = [0; Self::INLINE];
        match (u8::try_from(body.len()), bytes.get_mut(..body.len())) {
            (Ok(len), Some(room)) => {
                room.copy_from_slice(body);
                Self::Inline { len, bytes }
            }
            _ => Self::Heap(Arc::from(body)),
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

    #[test]
    fn a_body_comes_back_as_it_was_on_either_side_of_the_limit() {
        for len in [0, 1, 205, 206, 207, 255, 256, 70_000] {
            let bytes: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
            let body = Body::from(&*bytes);
            assert_eq!(body.len(), len);
            assert_eq!(body.bytes(), bytes);
            assert_eq!(matches!(body, Body::Inline { .. }), len <= Body::INLINE);
        }
    }
}
