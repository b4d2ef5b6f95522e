//! Known answers pin each format. `tests/known/make.mjs` made them from `docs/formats.md` without
//! this crate, and the answers of remix with remix itself.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use session_cookie::{CookieValue, SessionCookie};
use session_core::CookieContent;

#[derive(Deserialize)]
struct Known {
    #[serde(default)]
    name: String,
    secret: String,
    value: String,
    cookie: String,
    #[serde(default)]
    deadline_ms: u64,
    #[serde(default)]
    chunks: Vec<String>,
}

fn known(json: &str) -> Vec<Known> {
    serde_json::from_str(json).unwrap()
}

fn cookie(known: &Known) -> SessionCookie {
    let cookie = SessionCookie::new(known.secret.as_str()).unwrap();
    cookie.name(known.name.as_str()).unwrap()
}

fn before_deadline(known: &Known) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(known.deadline_ms - 1)
}

#[test]
fn signed_values_are_as_documented() {
    for known in known(include_str!("known/signed.json")) {
        let cookie = cookie(&known);
        let (content, now) = (CookieContent::Id, SystemTime::now());
        let opened = cookie.decode(known.cookie.as_bytes(), content, now);
        assert_eq!(opened.value(), Some(known.value.as_str()));
        let text = cookie.encode(&known.value, content, now).unwrap();
        assert_eq!(text, known.cookie);
    }
}

/// A unit test in the crate shows that sealing produces these values, because it can choose the
/// nonce.
#[test]
fn sealed_values_are_as_documented() {
    for known in known(include_str!("known/sealed.json")) {
        let (cookie, text) = (cookie(&known), known.cookie.as_bytes());
        let now = before_deadline(&known);
        let opened = cookie.decode(text, CookieContent::Data, now);
        assert_eq!(opened.value(), Some(known.value.as_str()));
        let at_deadline = now + Duration::from_millis(1);
        let opened = cookie.decode(text, CookieContent::Data, at_deadline);
        assert_eq!(opened, CookieValue::Expired);
    }
}

/// A unit test in the crate shows that splitting produces these tags.
#[test]
fn chunks_are_as_documented() {
    for known in known(include_str!("known/chunks.json")) {
        let chunked = cookie(&known).chunks(8).unwrap();
        let header = known.chunks.join("; ");
        let opened =
            chunked.read([header.as_bytes()], CookieContent::Data, before_deadline(&known));
        assert_eq!(opened.value(), Some(known.value.as_str()));
        let whole = format!("{}={}", known.name, known.cookie);
        let opened = chunked.read([whole.as_bytes()], CookieContent::Data, before_deadline(&known));
        assert_eq!(opened.value(), Some(known.value.as_str()));
    }
}

#[test]
fn remix_values_are_as_documented() {
    for known in known(include_str!("known/remix.json")) {
        let cookie = SessionCookie::remix_compatible([&known.secret]).unwrap();
        for content in [CookieContent::Id, CookieContent::Data] {
            let now = SystemTime::now();
            let opened = cookie.decode(known.cookie.as_bytes(), content, now);
            assert_eq!(opened.value(), Some(known.value.as_str()));
            let text = cookie.encode(&known.value, content, now).unwrap();
            assert_eq!(text, known.cookie);
        }
    }
}

#[test]
fn a_value_in_one_format_is_not_accepted_as_another() {
    for signed in known(include_str!("known/signed.json")) {
        let opened =
            cookie(&signed).decode(signed.cookie.as_bytes(), CookieContent::Data, UNIX_EPOCH);
        assert_eq!(opened, CookieValue::Malformed);
    }
    for sealed in known(include_str!("known/sealed.json")) {
        let opened =
            cookie(&sealed).decode(sealed.cookie.as_bytes(), CookieContent::Id, UNIX_EPOCH);
        assert!(opened.value().is_none());
        let remix = SessionCookie::remix_compatible([&sealed.secret]).unwrap();
        let opened = remix.decode(sealed.cookie.as_bytes(), CookieContent::Data, UNIX_EPOCH);
        assert!(opened.value().is_none());
    }
}
