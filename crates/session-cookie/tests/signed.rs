//! Signed values.
#![allow(clippy::unwrap_used)]

use std::time::UNIX_EPOCH;

use session_cookie::{CookieValue, SessionCookie};
use session_core::{CookieContent, Error};

const ONE: &str = "the first secret, of 32 bytes or more";
const TWO: &str = "the second secret, of 32 bytes or more";

fn cookie(secret: &str) -> SessionCookie {
    SessionCookie::new(secret).unwrap().name("id").unwrap()
}

fn sign(cookie: &SessionCookie, value: &str) -> Result<String, Error> {
    cookie.encode(value, CookieContent::Id, UNIX_EPOCH)
}

fn verify<'h>(cookie: &SessionCookie, text: &'h str) -> CookieValue<'h> {
    cookie.decode(text.as_bytes(), CookieContent::Id, UNIX_EPOCH)
}

#[test]
fn a_signed_value_verifies() {
    for value in ["", "abc", "a.b.c", "=+/"] {
        let text = sign(&cookie(ONE), value).unwrap();
        assert_eq!(verify(&cookie(ONE), &text).value(), Some(value));
    }
}

#[test]
fn a_previous_secret_verifies_but_does_not_sign() {
    let old = sign(&cookie(TWO), "abc").unwrap();
    let both = cookie(ONE).previous(TWO).unwrap();
    assert_eq!(verify(&both, &old).value(), Some("abc"));
    assert_eq!(sign(&both, "abc").unwrap(), sign(&cookie(ONE), "abc").unwrap());
}

#[test]
fn a_tag_has_only_one_valid_encoding() {
    let text = sign(&cookie(ONE), "abc").unwrap();
    let (rest, last) = text.split_at(text.len() - 1);
    for other in ('-'..='z').filter(|other| !last.starts_with(*other)) {
        let text = format!("{rest}{other}");
        assert_eq!(verify(&cookie(ONE), &text).value(), None, "{other} for {last}");
    }
}

#[test]
fn a_value_in_another_format_is_malformed_not_forged() {
    let text = sign(&cookie(ONE), "abc").unwrap();
    let (signed, tag) = text.rsplit_once('.').unwrap();
    let not_base64 = "!".repeat(tag.len());
    for other in [
        format!("s2.abc.{tag}"),
        format!("{signed}.{not_base64}"),
        format!("{signed}:{tag}"),
        format!("{signed}.{}", tag.split_at(1).1),
    ] {
        assert_eq!(verify(&cookie(ONE), &other), CookieValue::Malformed, "{other}");
    }
}

#[test]
fn a_value_signed_for_another_name_or_secret_is_forged() {
    let text = sign(&cookie(ONE), "abc").unwrap();
    for other in [cookie(ONE).name("ID").unwrap(), cookie(TWO)] {
        assert_eq!(verify(&other, &text), CookieValue::Forged);
    }
}

#[test]
fn a_value_with_invalid_cookie_characters_is_refused() {
    let long = "x".repeat(2_000);
    for value in ["a;b", "a b", "a\"", "é", "a\r\nb", &format!("{long};{long}")] {
        let error = sign(&cookie(ONE), value);
        assert!(matches!(error, Err(Error::Unsupported(_))), "{value:?}");
    }
}
