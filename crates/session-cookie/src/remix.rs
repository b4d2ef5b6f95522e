//! Values as remix signs them. `docs/formats.md` has the format.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, STANDARD_PAD_INDIFFERENT as STANDARD};
use ring::hmac;
use session_core::{Error, Result};

use crate::{CookieValue, Secret};

/// Signs with its first key, verifies with any. The secrets are the keys, and the cookie's name is
/// not signed.
pub(crate) struct RemixSigner {
    keys: Vec<hmac::Key>,
}

impl RemixSigner {
    pub(crate) fn new(secrets: &[Secret]) -> Self {
        let keys = secrets.iter().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.bytes()));
        Self { keys: keys.collect() }
    }

    pub(crate) fn sign(&self, value: &str) -> Result<String> {
        let Some(key) = self.keys.first() else {
            return Err(Error::Unsupported("the cookie has no secret"));
        };
        let mut text = STANDARD.encode(value);
        let tag = hmac::sign(key, text.as_bytes());
        text.push('.');
        STANDARD_NO_PAD.encode_string(tag, &mut text);
        Ok(text)
    }

    pub(crate) fn verify(&self, text: &[u8]) -> CookieValue<'static> {
        let Some((signed, tag)) = parse(text) else {
            return CookieValue::Malformed;
        };
        let is_ours = |key| hmac::verify(key, signed, &tag).is_ok();
        if !self.keys.iter().any(is_ours) {
            return CookieValue::Forged;
        }
        let value = STANDARD.decode(signed).ok();
        match value.and_then(|value| String::from_utf8(value).ok()) {
            Some(value) => CookieValue::Valid(Cow::Owned(value)),
            None => CookieValue::Malformed,
        }
    }
}

/// What is signed, and the tag.
fn parse(text: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let dot = text.iter().rposition(|&byte| byte == b'.')?;
    let (signed, tag) = text.split_at_checked(dot)?;
    Some((signed, STANDARD.decode(tag.strip_prefix(b".")?).ok()?))
}
