//! What a record says about itself.

use serde::{Deserialize, Serialize};

use super::WriteIds;
use crate::policy::Lifetime;
use crate::{Error, RecordKey};

/// The third element of a body. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug)]
pub(crate) struct Meta {
    pub(crate) created: u64,
    /// The idle deadline; of a tombstone, the moment from which it means nothing any more.
    pub(crate) deadline: u64,
    pub(crate) lifetime: Lifetime,
    pub(crate) writes: WriteIds,
    /// The first bytes of the record key's digest, in base64url: a body at another key is not that key's.
    pub(super) tag: Tag,
    /// Boxed, as what follows: few records have it, and every open moves this about.
    pub(crate) prev: Option<Box<Prev>>,
    pub(crate) tombstone: Option<Box<Tombstone>>,
}

pub(super) type Tag = [u8; 8];

/// The record that this one replaced, until the tombstone there has gone.
#[derive(Clone, Debug)]
pub(crate) struct Prev {
    pub(crate) key: RecordKey,
    pub(crate) until: u64,
}

/// What stands where a session was retired.
#[derive(Clone, Debug)]
pub(crate) struct Tombstone {
    pub(crate) kind: Kind,
    /// Until when the values beside it may still be read; 0 if there are none.
    pub(crate) kept_until: u64,
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
            created,
            deadline,
            lifetime,
            writes: WriteIds::default(),
            tag: tag(key),
            prev: None,
            tombstone: None,
        }
    }

    /// Fails if the body that holds this belongs to another key: never a stranger's data.
    pub(super) fn check(&self, key: &RecordKey) -> Result<(), Error> {
        if self.tag == tag(key) {
            Ok(())
        } else {
            Err(Error::corrupt(format!(
                "the record at {key:?} belongs to another key; it was not opened"
            )))
        }
    }
}

/// In base64url. The engine of the library takes 200 instructions for so little, and this 70.
fn tag(key: &RecordKey) -> Tag {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let [first, second, third, fourth, fifth, sixth, ..] = *key.digest();
    let bits = u64::from_be_bytes([first, second, third, fourth, fifth, sixth, 0, 0]);
    std::array::from_fn(|nth| {
        let sextet = bits >> (58 - 6 * nth) & 63;
        DIGITS.get(sextet as usize).copied().unwrap_or_default()
    })
}
