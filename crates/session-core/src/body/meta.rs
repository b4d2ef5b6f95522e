//! What a record says about itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::WriteIds;
use crate::policy::Lifetime;
use crate::{Error, RecordKey};

/// The third element of a body. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meta {
    pub(crate) created: u64,
    /// The idle deadline; of a tombstone, the moment from which it means nothing any more.
    pub(crate) deadline: u64,
    pub(crate) lifetime: Lifetime,
    pub(crate) writes: WriteIds,
    /// The first bytes of the record key's digest, in base64url: a body at another key is not that key's.
    pub(crate) tag: Tag,
    /// Boxed, as what follows: few records have it, and every open moves this about.
    pub(crate) prev: Option<Box<Prev>>,
    pub(crate) tombstone: Option<Box<Tombstone>>,
}

pub(crate) type Tag = [u8; 8];

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Moved,
    Destroyed,
}

impl Meta {
    pub(crate) fn new(key: &RecordKey, created: u64, deadline: u64, lifetime: Lifetime) -> Self {
        Self::tagged(tag(key), created, deadline, lifetime)
    }

    /// The same, of the key with this tag.
    pub(crate) fn tagged(tag: Tag, created: u64, deadline: u64, lifetime: Lifetime) -> Self {
        Self {
            created,
            deadline,
            lifetime,
            tag,
            ..Self::default()
        }
    }

    /// What kind of tombstone it is; `None` for a session.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.tombstone.as_ref().map(|tombstone| tombstone.kind)
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

pub(crate) fn tag(key: &RecordKey) -> Tag {
    let mut tag = Tag::default();
    if let Some(bytes) = key.digest().first_chunk::<6>() {
        // Six bytes are eight characters, so this cannot fail.
        let _ = URL_SAFE_NO_PAD.encode_slice(bytes, &mut tag);
    }
    tag
}
