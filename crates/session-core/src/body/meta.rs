//! What a record says about itself.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::WriteIds;
use super::text::{KeyText, base64url};
use crate::clock::{CLOCK_SKEW, millis};
use crate::policy::Lifetime;
use crate::record::RecordKey;

/// The third element of a body. Times are milliseconds since the Unix epoch.
///
/// The order of the fields is that of the format, which known answers pin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Meta {
    #[serde(rename = "v")]
    pub(crate) format: Format,
    #[serde(rename = "c", deserialize_with = "time")]
    pub(crate) created: u64,
    /// The idle deadline; of a tombstone, the moment from which it means nothing.
    #[serde(rename = "i", deserialize_with = "time")]
    pub(crate) deadline: u64,
    #[serde(rename = "k")]
    pub(crate) tag: Tag,
    #[serde(rename = "w", default, skip_serializing_if = "WriteIds::is_empty")]
    pub(crate) writes: WriteIds,
    #[serde(rename = "l", default, with = "lifetime", skip_serializing_if = "is_policy")]
    pub(crate) lifetime: Lifetime,
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    pub(crate) prev: Option<Box<Prev>>,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub(crate) tombstone: Option<Box<Tombstone>>,
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<Box<Binding>>,
}

/// The account that the session is signed in to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Binding {
    /// Where its index is.
    #[serde(rename = "k", with = "key")]
    pub(crate) account: RecordKey,
    /// Its name, sealed with the session's id.
    #[serde(rename = "n")]
    pub(crate) name: String,
    /// When its owner last proved who they are.
    #[serde(rename = "t", deserialize_with = "time")]
    pub(crate) authenticated: u64,
    /// When the session was last written.
    #[serde(rename = "s", deserialize_with = "time")]
    pub(crate) seen: u64,
}

/// The record that this one replaced, and until when the tombstone there counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "(KeyText, u64)", into = "(KeyText, u64)")]
pub(crate) struct Prev {
    pub(crate) key: RecordKey,
    pub(crate) until: u64,
}

impl Prev {
    /// Whether there may be a tombstone that counts, or values that may still be read.
    pub(crate) fn counts(&self, now: u64) -> bool {
        self.until.saturating_add(CLOCK_SKEW) > now
    }
}

/// What is left of a session that was destroyed, or that moved to a new id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tombstone {
    pub(crate) kind: Kind,
    /// Until when the values beside it may still be read; 0 if there are none.
    #[serde(rename = "keep", default, skip_serializing_if = "is_zero")]
    pub(crate) kept_until: u64,
    #[serde(rename = "to", default, with = "keys", skip_serializing_if = "Vec::is_empty")]
    pub(crate) successors: Vec<RecordKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Moved,
    Destroyed,
}

impl Meta {
    pub(crate) fn new(key: &RecordKey, created: u64, deadline: u64, lifetime: Lifetime) -> Self {
        Self {
            format: Format,
            created,
            deadline,
            tag: Tag::of(key),
            writes: WriteIds::default(),
            lifetime,
            prev: None,
            tombstone: None,
            account: None,
        }
    }

    /// What kind of tombstone it is; `None` for a session.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.tombstone.as_ref().map(|tombstone| tombstone.kind)
    }

    /// Whether the body that holds this was written for `key`. A body that comes back for another
    /// key, from a confused store or connection, is a stranger's data.
    pub(super) fn is_of(&self, key: &RecordKey) -> bool {
        self.tag == Tag::of(key)
    }

    /// About how many bytes it takes in a body.
    pub(super) fn size(&self) -> usize {
        let keys = self.tombstone.as_ref().map_or(0, |t| t.successors.len());
        let account = self.account.as_ref().map_or(0, |account| 96 + account.name.len());
        192 + 16 * self.writes.len() + 48 * keys + account
    }
}

/// The version of the format. Another one was written by a newer version of this library.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format;

impl Format {
    const NUMBER: u64 = 1;
}

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(Self::NUMBER)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            Self::NUMBER => Ok(Self),
            _ => Err(D::Error::custom("another version of the format")),
        }
    }
}

/// The first bytes of the record key's digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tag(#[serde(with = "base64url")] [u8; 6]);

impl Tag {
    pub(super) fn of(key: &RecordKey) -> Self {
        let [a, b, c, d, e, f, ..] = *key.digest();
        Self([a, b, c, d, e, f])
    }
}

impl From<(KeyText, u64)> for Prev {
    fn from((KeyText(key), until): (KeyText, u64)) -> Self {
        Self { key, until }
    }
}

impl From<Prev> for (KeyText, u64) {
    fn from(prev: Prev) -> Self {
        (KeyText(prev.key), prev.until)
    }
}

/// A time that can be added to without overflow.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    const LATEST: u64 = 1 << 53;
    Ok(u64::deserialize(deserializer)?.min(LATEST))
}

fn is_zero(time: &u64) -> bool {
    *time == 0
}

fn is_policy(lifetime: &Lifetime) -> bool {
    *lifetime == Lifetime::Policy
}

/// A lifetime in milliseconds; 0 is a browser session.
mod lifetime {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        lifetime: &Lifetime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(match lifetime {
            Lifetime::Policy | Lifetime::BrowserSession => 0,
            Lifetime::For(lifetime) => millis(*lifetime).max(1),
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Lifetime, D::Error> {
        Ok(match u64::deserialize(deserializer)? {
            0 => Lifetime::BrowserSession,
            millis => Lifetime::For(Duration::from_millis(millis)),
        })
    }
}

/// A record key.
pub(super) mod key {
    use super::*;

    pub(in crate::body) fn serialize<S: Serializer>(
        key: &RecordKey,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        KeyText(key.clone()).serialize(serializer)
    }

    pub(in crate::body) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<RecordKey, D::Error> {
        KeyText::deserialize(deserializer).map(|KeyText(key)| key)
    }
}

/// A list of record keys.
mod keys {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        keys: &[RecordKey],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(keys.iter().cloned().map(KeyText))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<RecordKey>, D::Error> {
        let keys: Vec<KeyText> = Vec::deserialize(deserializer)?;
        Ok(keys.into_iter().map(|KeyText(key)| key).collect())
    }
}

#[cfg(test)]
#[path = "../../tests/unit/meta.rs"]
mod tests;
