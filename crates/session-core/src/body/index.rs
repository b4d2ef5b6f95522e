//! The index of an account: which sessions are signed in to it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::meta::{Format, Tag, key};
use super::text::base64url;
use crate::error::Error;
use crate::random;
use crate::record::RecordKey;

/// The body of an account's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Index {
    #[serde(rename = "v")]
    format: Format,
    #[serde(rename = "k")]
    tag: Tag,
    /// When all sessions of the account were last ended; `None` if they never were.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    pub(crate) epoch: Option<Epoch>,
    /// How many entries were left when it was last seen which of them live.
    #[serde(rename = "n")]
    pub(crate) live: usize,
    #[serde(rename = "s")]
    pub(crate) entries: Vec<Entry>,
}

/// A session that is signed in, or that was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    #[serde(rename = "k", with = "key")]
    pub(crate) key: RecordKey,
    /// When it was signed in.
    #[serde(rename = "c")]
    pub(crate) signed_in: u64,
    /// Its absolute deadline.
    #[serde(rename = "d")]
    pub(crate) deadline: u64,
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
}

/// Names one "end all": a login that knew another one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Epoch(#[serde(with = "base64url")] [u8; 12]);

impl Epoch {
    pub(crate) fn random() -> Result<Self, Error> {
        Ok(Self(random::bytes()?))
    }
}

impl Index {
    /// How many bytes an index may have.
    pub(crate) const MAX_SIZE: usize = 64 << 10;

    /// The index of an account that has none.
    pub(crate) fn new(account: &RecordKey) -> Self {
        Self { format: Format, tag: Tag::of(account), epoch: None, live: 0, entries: Vec::new() }
    }

    pub(crate) fn contains(&self, session: &RecordKey) -> bool {
        self.entries.iter().any(|entry| entry.key == *session)
    }

    /// Reads the body that was found at `account`.
    pub(crate) fn decode(body: &Bytes, account: &RecordKey) -> Result<Self, Error> {
        let index: Self = serde_json::from_slice(body).map_err(|_| {
            Error::corrupt(format!(
                "the record at {account:?} is not an account's list of sessions. It may be damaged, \
                 or a newer version of this library wrote it"
            ))
        })?;
        if index.tag != Tag::of(account) {
            return Err(Error::corrupt(format!(
                "the list of sessions at {account:?} belongs to another account"
            )));
        }
        Ok(index)
    }

    pub(crate) fn encode(&self) -> Result<Bytes, Error> {
        let body = serde_json::to_vec(self)
            .map_err(|_| Error::corrupt("the list of sessions has no JSON form"))?;
        Ok(body.into())
    }
}
