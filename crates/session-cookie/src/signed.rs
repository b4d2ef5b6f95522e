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
        let keys = secrets
            .iter()
            .map(|secret| Master::new(secret).signing(name));
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn sign(&self, value: &str) -> Result<String> {
        let Some(key) = self.keys.first() else {
            return Err(Error::Unsupported("the cookie has no secret"));
        };
        if !value.bytes().all(is_cookie_octet) {
            return Err(Error::Unsupported(
                "a signed cookie holds visible ASCII without quotes, commas, semicolons and \
                 backslashes, and this storage gave it something else",
            ));
        }
        let signed = format!("{MARKER}{value}");
        let tag = hmac::sign(key, signed.as_bytes());
        Ok(format!("{signed}.{}", base64url::encode(tag)))
    }

    pub(crate) fn verify<'h>(&self, text: &'h [u8]) -> CookieValue<'h> {
        let Some((value, signed, tag)) = parse(text) else {
            return CookieValue::Malformed;
        };
        let is_ours = |key| hmac::verify(key, signed.as_bytes(), &tag).is_ok();
        match self.keys.iter().any(is_ours) {
            true => CookieValue::Valid(Cow::Borrowed(value)),
            false => CookieValue::Forged,
        }
    }
}

/// The value, the text that is signed, and the tag.
fn parse(text: &[u8]) -> Option<(&str, &str, Vec<u8>)> {
    const TAG_BYTES: usize = 32;
    let text = std::str::from_utf8(text).ok()?;
    let (signed, tag) = text.rsplit_once('.')?;
    let value = signed.strip_prefix(MARKER)?;
    let tag = base64url::decode(tag.as_bytes())?;
    (tag.len() == TAG_BYTES).then_some((value, signed, tag))
}

/// What RFC 6265, section 4.1.1, allows in a cookie's value.
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(secrets: &[&str], name: &str) -> Signer {
        let secrets: Vec<_> = secrets
            .iter()
            .map(|secret| Secret::of_any_length(secret.as_bytes()).unwrap())
            .collect();
        Signer::new(&secrets, name).unwrap()
    }

    #[test]
    fn verifies_what_it_signed() {
        let signer = signer(&["one"], "id");
        for value in ["", "abc", "a.b.c", "=+/"] {
            let text = signer.sign(value).unwrap();
            assert_eq!(signer.verify(text.as_bytes()).value(), Some(value));
        }
    }

    #[test]
    fn an_older_secret_verifies_and_no_longer_signs() {
        let old = signer(&["old"], "id").sign("abc").unwrap();
        let both = signer(&["new", "old"], "id");
        assert_eq!(both.verify(old.as_bytes()).value(), Some("abc"));
        let new = signer(&["new"], "id").sign("abc").unwrap();
        assert_eq!(both.sign("abc").unwrap(), new);
    }

    #[test]
    fn a_tag_has_one_encoding() {
        let signer = signer(&["one"], "id");
        let text = signer.sign("abc").unwrap();
        let (rest, last) = text.split_at(text.len() - 1);
        for other in ('-'..='z').filter(|other| !last.starts_with(*other)) {
            let text = format!("{rest}{other}");
            let value = signer.verify(text.as_bytes());
            assert!(value.value().is_none(), "{other} for {last}");
        }
    }

    #[test]
    fn a_text_of_another_form_is_malformed_and_not_forged() {
        let signer = signer(&["one"], "id");
        let text = signer.sign("abc").unwrap();
        let (signed, tag) = text.rsplit_once('.').unwrap();
        let not_base64 = "!".repeat(tag.len());
        for other in [
            format!("s2.abc.{tag}"),
            format!("{signed}.{not_base64}"),
            format!("{signed}:{tag}"),
            format!("{signed}.{}", tag.split_at(1).1),
        ] {
            let value = signer.verify(other.as_bytes());
            assert_eq!(value, CookieValue::Malformed, "{other}");
        }
    }

    #[test]
    fn a_value_signed_for_another_name_or_secret_is_forged() {
        let text = signer(&["one"], "id").sign("abc").unwrap();
        for other in [signer(&["one"], "ID"), signer(&["two"], "id")] {
            assert_eq!(other.verify(text.as_bytes()), CookieValue::Forged);
        }
    }

    #[test]
    fn a_value_that_a_cookie_cannot_hold_is_refused() {
        let signer = signer(&["one"], "id");
        let long = "x".repeat(2_000);
        for value in [
            "a;b",
            "a b",
            "a\"",
            "é",
            "a\r\nb",
            &format!("{long};{long}"),
        ] {
            let error = signer.sign(value);
            assert!(matches!(error, Err(Error::Unsupported(_))), "{value:?}");
        }
    }
}
