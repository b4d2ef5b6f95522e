//! How metadata is written as JSON strings.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::SessionId;
use crate::record::RecordKey;

/// A string, borrowed unless it has escapes.
#[derive(Deserialize)]
pub(super) struct Str<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Bytes as base64url without padding.
pub(super) mod base64url {
    use super::*;

    pub(in crate::body) fn serialize<S: Serializer>(
        bytes: impl AsRef<[u8]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(in crate::body) fn deserialize<'de, D, B>(deserializer: D) -> Result<B, D::Error>
    where
        D: Deserializer<'de>,
        B: TryFrom<Vec<u8>>,
    {
        let Str(text) = Str::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(&*text).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| D::Error::custom("not base64url of the right length"))
    }
}

/// A record key: its digest in base64url, or `=` and the id if keys are plain.
#[derive(Clone, Debug)]
pub(super) struct KeyText(pub(super) RecordKey);

impl Serialize for KeyText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.plain() {
            Some(id) => serializer.collect_str(&format_args!("={id}")),
            None => base64url::serialize(self.0.digest(), serializer),
        }
    }
}

impl<'de> Deserialize<'de> for KeyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Str(text) = Str::deserialize(deserializer)?;
        let key = match text.strip_prefix('=') {
            Some(id) => SessionId::parse_foreign(id).map(|id| RecordKey::plain_of(&id)),
            None => {
                let digest = URL_SAFE_NO_PAD.decode(&*text).ok();
                let digest = digest.and_then(|digest| digest.try_into().ok());
                digest.map(RecordKey::from_digest)
            }
        };
        key.map(Self)
            .ok_or_else(|| D::Error::custom("not a record key"))
    }
}
