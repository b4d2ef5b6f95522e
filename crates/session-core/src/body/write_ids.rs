//! Names of batches of changes, by which a save finds out whether an earlier attempt took effect.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::{Str, base64url};
use crate::error::Error;
use crate::random;

/// Names one batch of changes, however often it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WriteId([u8; WriteId::BYTES]);

impl WriteId {
    const BYTES: usize = 12;
    const CHARS: usize = 16;

    pub(crate) fn random() -> Result<Self, Error> {
        Ok(Self(random::bytes()?))
    }
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

    /// The newest of these, after `newer`.
    ///
    /// An id leaves the list only when newer ones displace it, never by its age: the clocks of two
    /// servers could disagree about that.
    pub(crate) fn with_newer(&self, newer: impl IntoIterator<Item = WriteId>) -> Self {
        let newer = newer.into_iter().map(|id| id.0);
        Self(newer.chain(self.0.iter().copied()).take(Self::MAX).collect())
    }

    /// Whether a write on top of `base` that this list does not name certainly did not take effect:
    /// nothing newer than `base` has been displaced.
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
