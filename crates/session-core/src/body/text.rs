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

    pub(in crate::body) fn deserialize<'de, D, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error>
    where
        D: Deserializer<'de>,
    {
        let Str(text) = Str::deserialize(deserializer)?;
        decode(text.as_bytes()).ok_or_else(|| D::Error::custom("not base64url of the right length"))
    }

    /// The `N` bytes that `text` encodes, if it encodes as many.
    pub(in crate::body) fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        // A text of another length would not fit.
        let fits = text.len() == (N * 4).div_ceil(3);
        let decoded = fits.then(|| URL_SAFE_NO_PAD.decode_slice_unchecked(text, &mut bytes));
        decoded?.ok().map(|_| bytes)
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
            None => base64url::decode(text.as_bytes()).map(RecordKey::from_digest),
        };
        key.map(Self).ok_or_else(|| D::Error::custom("not a record key"))
    }
}
