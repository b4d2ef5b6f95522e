//! A record as this request last saw it.

use std::fmt;

use bytes::Bytes;

use crate::body::{self, Body, Content, Meta, Text};
use crate::clock::CLOCK_SKEW;
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::policy::{Lifetime, SessionPolicy};
use crate::record::{Record, RecordKey, Version};
use crate::seal::{self, ACCOUNT_NAME};

/// A record as this request last loaded it, or as it was written.
#[derive(Clone)]
pub(crate) struct Snapshot {
    pub(crate) key: RecordKey,
    pub(crate) version: Version,
    pub(crate) meta: Meta,
    /// Whether the body has no metadata yet, because another library wrote it.
    pub(crate) foreign: bool,
    body: Bytes,
}

impl Snapshot {
    /// Decodes the record that was found at `key`.
    pub(crate) fn decode(
        key: RecordKey,
        record: Record,
        policy: &SessionPolicy,
        now: u64,
    ) -> Result<(Self, Content)> {
        let Body { content, meta } = body::decode(&record.body, &key)?;
        let foreign = meta.is_none();
        if foreign && !policy.opens_foreign_records() {
            return Err(Error::corrupt(format!(
                "the record at {key:?} has no metadata, so this library did not write it; only a \
                 policy with foreign_ids shares records with another library"
            )));
        }
        let meta = meta.unwrap_or_else(|| {
            let deadline = policy.idle_deadline(now, Lifetime::Policy, now);
            Meta::new(&key, now, deadline, Lifetime::Policy)
        });
        let snapshot = Self { key, version: record.version, meta, foreign, body: record.body };
        Ok((snapshot, content))
    }

    /// Encodes a record that is about to be written.
    pub(crate) fn encode(key: RecordKey, content: &Content, meta: Meta) -> Result<Unwritten> {
        let body = body::encode(content, &meta)?;
        Ok(Unwritten { key, meta, body })
    }

    /// The name of the account that the session is signed in to.
    pub(crate) fn account_name(&self, id: &SessionId) -> Result<Option<Text>> {
        let Some(account) = &self.meta.account else { return Ok(None) };
        match seal::open(id, ACCOUNT_NAME, &account.name) {
            Some(name) => Ok(Some(name.into())),
            None => Err(Error::corrupt(format!(
                "the record at {:?} does not tell which account it is signed in to",
                self.key
            ))),
        }
    }

    /// The values and flash values in the record.
    pub(crate) fn content(&self) -> Result<Content> {
        Ok(body::decode(&self.body, &self.key)?.content)
    }

    /// Whether a request that arrives now finds no session here any more, and no tombstone that
    /// counts. A tombstone counts for longer than its window, because it must not matter to which
    /// server a request goes.
    pub(crate) fn is_over(&self, policy: &SessionPolicy, now: u64) -> bool {
        match self.meta.tombstone {
            Some(_) => self.meta.deadline + CLOCK_SKEW <= now,
            None => self.end(policy) <= now,
        }
    }

    /// Whether even a request that opened the session in time may no longer save it.
    pub(crate) fn is_closed(&self, policy: &SessionPolicy, now: u64) -> bool {
        self.meta.tombstone.is_none() && self.end(policy) + policy.window() <= now
    }

    /// When the session ends if it is not used any more.
    pub(crate) fn end(&self, policy: &SessionPolicy) -> u64 {
        let absolute = policy.absolute_deadline(self.meta.created, self.meta.lifetime);
        self.meta.deadline.min(absolute)
    }

    /// Whether the session moved to a new id, and its values may still be read under the old one.
    pub(crate) fn is_readable_after_move(&self, now: u64) -> bool {
        let tombstone = self.meta.tombstone.as_ref();
        tombstone.is_some_and(|tombstone| tombstone.kept_until > now)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("key", &self.key)
            .field("version", &self.version)
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}

/// A record that has no version yet, because it was not written.
#[derive(Clone)]
pub(crate) struct Unwritten {
    pub(crate) key: RecordKey,
    pub(crate) meta: Meta,
    pub(crate) body: Bytes,
}

impl Unwritten {
    /// The record, now that it was stored under this version.
    pub(crate) fn stored(self, version: Version) -> Snapshot {
        Snapshot { key: self.key, version, meta: self.meta, foreign: false, body: self.body }
    }
}
