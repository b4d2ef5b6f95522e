//! Signed values: readable, and known to be ours. `docs/formats.md` has the format.

use std::borrow::Cow;

use session_core::{Error, Result};

use crate::hmac::{SigningKey, Tag, is_same};
use crate::keys::Master;
use crate::{ConfigError, Opened, Secret, base64url};

const MARKER: &str = "s1.";
/// A dot, and 32 bytes in base64url.
const TAG_CHARS: usize = 1 + base64url::TAG_CHARS;

/// Signs with its first key, verifies with any.
pub(crate) struct Signer {
    keys: Vec<SigningKey>,
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

    /// Appends `value`, signed, to `text`; nothing of a value that a cookie cannot carry.
    pub(crate) fn sign(&self, value: &str, text: &mut String) -> Result<()> {
        let Some(key) = self.keys.first() else {
            return Err(Error::Unsupported("the cookie has no secret"));
        };
        let start = text.len();
        text.push_str(MARKER);
        text.push_str(value);
        let signed = text.as_bytes().get(start..).unwrap_or_default();
        let mut fits = true;
        let tag = key.tag_while(signed, 4, |part| fits &= is_cookie_value(part));
        if !fits {
            text.truncate(start);
            return Err(Error::Unsupported(
                "a signed cookie carries visible ASCII without quotes, commas, semicolons and backslashes, and this storage gave it something else",
            ));
        }
        text.push('.');
        base64url::append(&tag, text);
        Ok(())
    }

    /// As many bytes as [`sign`](Self::sign) appends for `value`.
    pub(crate) fn length(value: &str) -> usize {
        MARKER.len() + value.len() + TAG_CHARS
    }

    pub(crate) fn verify<'h>(&self, text: &'h [u8]) -> Opened<'h> {
        let Some((signed, tag)) = parse(text) else {
            return Opened::Malformed;
        };
        let mut value = None;
        let ours = |key: &SigningKey| {
            // All of it at the first look, since parts of a text are no text: while the processor hashes, that takes no time.
            let read = || std::str::from_utf8(signed).ok()?.strip_prefix(MARKER);
            let ours = key.tag_while(signed, 16, |_| {
                value.get_or_insert_with(read);
            });
            is_same(&ours, &tag)
        };
        if !self.keys.iter().any(ours) {
            return Opened::Forged;
        }
        match value.flatten() {
            Some(value) => Opened::Valid(Cow::Borrowed(value)),
            None => Opened::Malformed,
        }
    }
}

/// What is signed, and the tag.
fn parse(text: &[u8]) -> Option<(&[u8], Tag)> {
    let (signed, tag) = text.split_at_checked(text.len().checked_sub(TAG_CHARS)?)?;
    if !signed.starts_with(MARKER.as_bytes()) {
        return None;
    }
    Some((signed, base64url::tag(tag.strip_prefix(b".")?)?))
}

fn is_cookie_value(value: &[u8]) -> bool {
    is_usual(value) || value.iter().all(is_cookie_octet)
}

/// Whether it is letters, digits and "-./:?@_`" only, as every id and all base64url is. In ASCII's rows of 32, `;` and `\` stand in
/// places 27 to 30, and none of these does. A loop with one way out and little to do in it is vectorised.
fn is_usual(value: &[u8]) -> bool {
    let none = (u8::MAX, 0);
    let (least, furthest) = value.iter().fold(none, |(least, furthest), byte| {
        // One place on, so that those are 28 to 31; `_` comes from place 31 to the first of the next row, and all past `~` to 31.
        let place = byte.saturating_add(u8::MAX - b'~') % 32;
        (least.min(*byte), furthest.max(place))
    });
    least >= b'-' && furthest < 28
}

/// What RFC 6265 lets a cookie's value hold.
fn is_cookie_octet(byte: &u8) -> bool {
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

    fn sign(signer: &Signer, value: &str) -> String {
        let mut text = String::new();
        signer.sign(value, &mut text).unwrap();
        text
    }

    #[test]
    fn what_was_signed_verifies() {
        let signer = signer(&["one"], "id");
        for value in ["", "abc", "a.b.c", "=+/"] {
            let text = sign(&signer, value);
            assert_eq!(signer.verify(text.as_bytes()).value(), Some(value));
        }
    }

    #[test]
    fn an_older_secret_verifies_and_no_longer_signs() {
        let old = sign(&signer(&["old"], "id"), "abc");
        let both = signer(&["new", "old"], "id");
        assert_eq!(both.verify(old.as_bytes()).value(), Some("abc"));
        assert_eq!(sign(&both, "abc"), sign(&signer(&["new"], "id"), "abc"));
    }

    #[test]
    fn a_tag_has_one_encoding() {
        let signer = signer(&["one"], "id");
        let text = sign(&signer, "abc");
        let (rest, last) = text.split_at(text.len() - 1);
        for other in ('-'..='z').filter(|other| !last.starts_with(*other)) {
            let opened = signer
                .verify(format!("{rest}{other}").as_bytes())
                .value()
                .is_some();
            assert!(!opened, "{other} for {last}");
        }
    }

    #[test]
    fn what_has_not_the_form_is_malformed_and_not_forged() {
        let signer = signer(&["one"], "id");
        let text = sign(&signer, "abc");
        let (signed, tag) = text.rsplit_once('.').unwrap();
        let no_digits = "!".repeat(tag.len());
        for other in [
            format!("s2.abc.{tag}"),
            format!("{signed}.{no_digits}"),
            format!("{signed}:{tag}"),
            format!("{signed}.{}", tag.split_at(1).1),
        ] {
            let opened = signer.verify(other.as_bytes());
            assert_eq!(opened, Opened::Malformed, "{other}");
        }
    }

    #[test]
    fn a_value_signed_for_another_name_or_secret_is_forged() {
        let text = sign(&signer(&["one"], "id"), "abc");
        for other in [signer(&["one"], "ID"), signer(&["two"], "id")] {
            assert_eq!(other.verify(text.as_bytes()), Opened::Forged);
        }
    }

    #[test]
    fn what_is_usual_is_what_a_cookie_can_carry() {
        for byte in 0..=u8::MAX {
            let usual = byte.is_ascii_alphanumeric() || b"-./:?@_`".contains(&byte);
            for value in [vec![byte], [&[b'z'; 40][..], &[byte], &[b'-'; 40]].concat()] {
                assert_eq!(is_usual(&value), usual, "{byte}");
                assert_eq!(is_cookie_value(&value), is_cookie_octet(&byte), "{byte}");
            }
            assert!(!usual || is_cookie_octet(&byte), "{byte}");
        }
        assert!(is_cookie_value(b""));
    }

    #[test]
    fn a_value_that_a_cookie_cannot_carry_is_refused_and_leaves_nothing() {
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
            let mut text = "before".to_owned();
            let error = signer.sign(value, &mut text);
            assert!(matches!(error, Err(Error::Unsupported(_))), "{value:?}");
            assert_eq!(text, "before");
        }
    }
}
