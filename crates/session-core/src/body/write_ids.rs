//! Names of batches of changes, by which a save finds out whether an earlier attempt took effect.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::{Str, base64url};
use crate::error::Error;
use crate::random;

/// Names one batch of changes, however often it is sent: the second in which it was made, and 64
/// random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WriteId([u8; WriteId::BYTES]);

impl WriteId {
    const BYTES: usize = 12;
    const CHARS: usize = 16;
    /// A save that is tried again within this many seconds finds its id in the record.
    const ANSWERABLE: u32 = 60;
    /// A record names an id for this many seconds: a minute longer, because another server's clock
    /// may be ahead.
    const RETENTION: u32 = Self::ANSWERABLE + 60;

    pub(crate) fn new(now: u64) -> Result<Self, Error> {
        let [a, b, c, d] = seconds(now).to_be_bytes();
        let [e, f, g, h, i, j, k, l] = random::bytes()?;
        Ok(Self([a, b, c, d, e, f, g, h, i, j, k, l]))
    }

    /// Whether a record that holds this id still names it, unless newer ids have displaced it.
    pub(crate) fn is_answerable(&self, now: u64) -> bool {
        !self.is_older_than(Self::ANSWERABLE, now)
    }

    fn is_older_than(&self, limit: u32, now: u64) -> bool {
        let [a, b, c, d, ..] = self.0;
        let age = seconds(now).wrapping_sub(u32::from_be_bytes([a, b, c, d]));
        // The upper half is an id from a clock that is ahead.
        (limit + 1..u32::MAX / 2).contains(&age)
    }
}

/// Seconds since the epoch. They wrap in 2106, and so does the comparison.
#[allow(clippy::cast_possible_truncation)]
fn seconds(now: u64) -> u32 {
    (now / 1000) as u32
}

/// The last writes of a record, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WriteIds(Vec<[u8; WriteId::BYTES]>);

impl WriteIds {
    /// How many a record names. A request that lost the reply to a write finds out whether it took
    /// effect as long as fewer writes than this came after it; beyond that, the outcome is unknown.
    const MAX: usize = 8;

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn contains(&self, id: &WriteId) -> bool {
        self.0.contains(&id.0)
    }

    /// These with `newer` before them, without those past their retention.
    pub(crate) fn after(&self, newer: impl IntoIterator<Item = WriteId>, now: u64) -> Self {
        let old = |id: &WriteId| id.is_older_than(WriteId::RETENTION, now);
        let recent = self.0.iter().copied().map(WriteId).filter(|id| !old(id));
        let ids = newer.into_iter().chain(recent).take(Self::MAX);
        Self(ids.map(|id| id.0).collect())
    }

    /// Whether a write on top of `base` that this list does not name certainly did not take effect,
    /// provided that its id [is answerable](WriteId::is_answerable): nothing newer than `base` has
    /// been displaced.
    pub(crate) fn reach_back_to(&self, base: &Self) -> bool {
        let newest = base.0.first();
        self.0.len() < Self::MAX || newest.is_some_and(|newest| self.0.contains(newest))
    }
}

impl Serialize for WriteIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        base64url::serialize(self.0.as_flattened(), serializer)
    }
}

impl<'de> Deserialize<'de> for WriteIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Str(text) = Str::deserialize(deserializer)?;
        let (ids, []) = text.as_bytes().as_chunks::<{ WriteId::CHARS }>() else {
            return Err(D::Error::custom("not a list of write ids"));
        };
        let newest = ids.get(..Self::MAX).unwrap_or(ids).as_flattened();
        let mut bytes = [0; Self::MAX * WriteId::BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(newest, &mut bytes);
        let length = length.map_err(|_| D::Error::custom("not a list of write ids"))?;
        let (ids, _) = bytes.get(..length).unwrap_or_default().as_chunks();
        Ok(Self(ids.to_vec()))
    }
}

#[cfg(test)]
#[path = "../../tests/unit/write_ids.rs"]
mod tests;
