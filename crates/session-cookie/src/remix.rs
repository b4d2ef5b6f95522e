//! Values as remix signs them. `docs/formats.md` has the format.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, STANDARD_PAD_INDIFFERENT as STANDARD};
use session_core::{Error, Result};

use crate::hmac::{SigningKey, Tag, is_same};
use crate::{Opened, Secret};

/// A dot, and 32 bytes in base64 without padding.
const TAG_CHARS: usize = 1 + 43;

/// Signs with its first key, verifies with any. The secrets are the keys, and the cookie's name is not signed.
pub(crate) struct RemixSigner {
    keys: Vec<SigningKey>,
}

impl RemixSigner {
    pub(crate) fn new(secrets: &[Secret]) -> Self {
        let keys = secrets.iter().map(|secret| SigningKey::new(secret.bytes()));
        Self {
            keys: keys.collect(),
        }
    }

    /// Appends `value`, signed, to `text`.
    pub(crate) fn sign(&self, value: &str, text: &mut String) -> Result<()> {
        let Some(key) = self.keys.first() else {
            return Err(Error::Unsupported("the cookie has no secret"));
        };
        let start = text.len();
        STANDARD.encode_string(value, text);
        let tag = key.tag(text.as_bytes().get(start..).unwrap_or_default());
        text.push('.');
        STANDARD_NO_PAD.encode_string(tag, text);
        Ok(())
    }

    /// As many bytes as [`sign`](Self::sign) appends for `value`.
    pub(crate) fn length(value: &str) -> usize {
        value.len().div_ceil(3) * 4 + TAG_CHARS
    }

    pub(crate) fn verify(&self, text: &[u8]) -> Opened<'static> {
        let Some((signed, tag)) = parse(text) else {
            return Opened::Malformed;
        };
        let ours = |key: &SigningKey| is_same(&key.tag(signed), &tag);
        if !self.keys.iter().any(ours) {
            return Opened::Forged;
        }
        let value = STANDARD.decode(signed).ok();
        match value.and_then(|value| String::from_utf8(value).ok()) {
            Some(value) => Opened::Valid(Cow::Owned(value)),
            None => Opened::Malformed,
        }
    }
}

/// What is signed, and the tag.
fn parse(text: &[u8]) -> Option<(&[u8], Tag)> {
    let dot = text.iter().rposition(|&byte| byte == b'.')?;
    let (signed, tag) = text.split_at_checked(dot)?;
    let tag = STANDARD.decode(tag.strip_prefix(b".")?).ok()?;
    Some((signed, tag.try_into().ok()?))
}
