//! Which server holds a record, by rendezvous hashing.
//!
//! Every server has a score for every key, and the server with the highest score holds the record.
//! A new server takes over the keys that it scores highest for, and no other key moves. A score
//! depends on the server's name and the key alone, so every process agrees, whatever the order of
//! its list. The scores must never change, or records move.

use ring::digest;

/// The hash of a server's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServerHash(u64);

impl ServerHash {
    pub(crate) fn of(name: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, name.as_bytes());
        Self(first_u64(hash.as_ref()))
    }

    /// The server's score for the key with this digest. The hash itself breaks ties.
    pub(crate) fn score(self, digest: &[u8; 32]) -> (u64, Self) {
        (mix(self.0 ^ first_u64(digest)), self)
    }
}

fn first_u64(digest: &[u8]) -> u64 {
    u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}

/// The finalizer of splitmix64: each bit of the input flips about half the bits of the output.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
#[path = "../tests/unit/placement.rs"]
mod tests;
