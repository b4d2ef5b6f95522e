//! What a record says about itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::{Deserialize as DeriveDeserialize, Serialize};

use super::WriteIds;
use crate::policy::Lifetime;
use crate::{Error, RecordKey, SessionId};

/// The third element of a body. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug)]
pub(crate) struct Meta {
    pub(crate) created: u64,
    /// The idle deadline; of a tombstone, the moment from which it means nothing any more.
    pub(crate) deadline: u64,
    pub(crate) lifetime: Lifetime,
    pub(crate) writes: WriteIds,
    /// The first bytes of the record key's digest, in base64url: a body at another key is not that key's.
    tag: Tag,
    pub(crate) prev: Option<Prev>,
    pub(crate) tombstone: Option<Tombstone>,
}

type Tag = [u8; 8];

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Moved,
    Destroyed,
}

const FORMAT: u8 = 1;

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

    pub(super) fn encoded_len(&self) -> usize {
        let tombstone = self.tombstone.as_ref();
        128 + tombstone.map_or(0, |tombstone| 64 + 140 * tombstone.successors.len())
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let wire = Wire {
            v: FORMAT,
            c: self.created,
            i: self.deadline,
            k: ascii(&self.tag),
            w: ascii(self.writes.as_bytes()),
            l: match self.lifetime {
                Lifetime::Policy => None,
                Lifetime::BrowserSession => Some(0),
                Lifetime::For(lifetime) => Some(crate::clock::millis(lifetime).max(1)),
            },
            p: self
                .prev
                .as_ref()
                .map(|prev| (key_text(&prev.key), prev.until)),
            t: self.tombstone.as_ref().map(|tombstone| WireTombstone {
                kind: match tombstone.kind {
                    Kind::Moved => MOVED,
                    Kind::Destroyed => DESTROYED,
                },
                keep: tombstone.kept_until,
                to: tombstone.successors.iter().map(key_text).collect(),
            }),
        };
        // Writing numbers and strings to a Vec cannot fail.
        let _ = serde_json::to_writer(out, &wire);
    }
}

const MOVED: &str = "moved";
const DESTROYED: &str = "destroyed";

#[derive(Serialize, DeriveDeserialize)]
struct Wire<'a> {
    v: u8,
    c: u64,
    i: u64,
    #[serde(borrow)]
    k: &'a str,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    w: &'a str,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    l: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<(String, u64)>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    t: Option<WireTombstone<'a>>,
}

#[derive(Serialize, DeriveDeserialize)]
struct WireTombstone<'a> {
    kind: &'a str,
    #[serde(default, skip_serializing_if = "is_zero")]
    keep: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    to: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl<'de> Deserialize<'de> for Meta {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(json)?;
        if wire.v != FORMAT {
            return Err(D::Error::custom("the format version is unknown"));
        }
        let key = |text: &str| parse_key(text).ok_or_else(|| D::Error::custom("a record key"));
        let tombstone = wire.t.map(|tombstone| {
            Ok(Tombstone {
                kind: match tombstone.kind {
                    MOVED => Kind::Moved,
                    DESTROYED => Kind::Destroyed,
                    _ => return Err(D::Error::custom("the kind of tombstone is unknown")),
                },
                kept_until: tombstone.keep,
                successors: tombstone
                    .to
                    .iter()
                    .map(|text| key(text))
                    .collect::<Result<_, _>>()?,
            })
        });
        Ok(Self {
            created: wire.c.min(LATEST),
            deadline: wire.i.min(LATEST),
            lifetime: match wire.l {
                None => Lifetime::Policy,
                Some(0) => Lifetime::BrowserSession,
                Some(millis) => Lifetime::For(std::time::Duration::from_millis(millis)),
            },
            writes: WriteIds::parse(wire.w).ok_or_else(|| D::Error::custom("the write ids"))?,
            tag: wire
                .k
                .as_bytes()
                .try_into()
                .map_err(|_| D::Error::custom("the key's tag"))?,
            prev: wire
                .p
                .map(|(text, until)| {
                    Ok(Prev {
                        key: key(&text)?,
                        until,
                    })
                })
                .transpose()?,
            tombstone: tombstone.transpose()?,
        })
    }
}

/// Times beyond this would overflow sums; nobody wrote them in earnest.
const LATEST: u64 = 1 << 53;

fn tag(key: &RecordKey) -> Tag {
    let mut tag = Tag::default();
    if let Some(bytes) = key.digest().first_chunk::<6>() {
        // Six bytes are eight characters, so this cannot fail.
        let _ = URL_SAFE_NO_PAD.encode_slice(bytes, &mut tag);
    }
    tag
}

/// 43 characters of base64url, or `=` and the id where keys are plain.
fn key_text(key: &RecordKey) -> String {
    match key.plain() {
        Some(id) => format!("={id}"),
        None => URL_SAFE_NO_PAD.encode(key.digest()),
    }
}

fn parse_key(text: &str) -> Option<RecordKey> {
    match text.strip_prefix('=') {
        Some(id) => SessionId::parse_foreign(id).map(|id| RecordKey::plain_of(&id)),
        None => {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            Some(RecordKey::from_digest(bytes.try_into().ok()?))
        }
    }
}

fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
