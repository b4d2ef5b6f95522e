//! Signed values: readable, and proved to be ours. `docs/formats.md` has the format.

use std::borrow::Cow;

use ring::hmac;
use session_core::{Error, Result};

use crate::keys::Master;
use crate::{ConfigError, CookieValue, Secret, base64url};

const MARKER: &str = "s1.";

/// Signs with its first key, verifies with any.
pub(crate) struct Signer {
    keys: Vec<hmac::Key>,
}

impl Signer {
    pub(crate) fn new(secrets: &[Secret], name: &str) -> Result<Self, ConfigError> {
        let keys = secrets.iter().map(|secret| Master::new(secret).signing(name));
        Ok(Self { keys: keys.collect::<Result<_, _>>()? })
    }

    pub(crate) fn sign(&self, value: &str) -> Result<String> {
        let Some(key) = self.keys.first() else {
            return Err(Error::Unsupported("the cookie has no secret"));
        };
        // Looks at every byte, so that the compiler can check many of them at once.
        let is_valid = value.bytes().fold(true, |valid, byte| valid & is_cookie_octet(byte));
        if !is_valid {
            return Err(Error::Unsupported(
                "a signed cookie holds visible ASCII without quotes, commas, semicolons and \
                 backslashes, and this storage gave it something else",
            ));
        }
        let mut text = format!("{MARKER}{value}");
        let tag = hmac::sign(key, text.as_bytes());
        text.push('.');
        base64url::append(tag, &mut text);
        Ok(text)
    }

    pub(crate) fn verify<'h>(&self, text: &'h [u8]) -> CookieValue<'h> {
        let Some((value, signed, tag)) = parse(text) else {
            return CookieValue::Malformed;
        };
        let is_ours = |key| hmac::verify(key, signed.as_bytes(), &tag).is_ok();
        if self.keys.iter().any(is_ours) {
            CookieValue::Valid(Cow::Borrowed(value))
        } else {
            CookieValue::Forged
        }
    }
}

/// The value, the text that is signed, and the tag.
fn parse(text: &[u8]) -> Option<(&str, &str, [u8; 32])> {
    let text = std::str::from_utf8(text).ok()?;
    let (signed, tag) = text.rsplit_once('.')?;
    let value = signed.strip_prefix(MARKER)?;
    Some((value, signed, base64url::decode_array(tag)?))
}

/// What RFC 6265, section 4.1.1, allows in a cookie's value.
fn is_cookie_octet(byte: u8) -> bool {
    let is_special = (byte == b'"') | (byte == b',') | (byte == b';') | (byte == b'\\');
    byte.is_ascii_graphic() & !is_special
}
