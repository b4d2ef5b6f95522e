//! Sealed (encrypted) values.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use session_cookie::{CookieValue, SessionCookie};
use session_core::CookieContent;

const ONE: &str = "the first secret, of 32 bytes or more";
const TWO: &str = "the second secret, of 32 bytes or more";

fn cookie(secret: &str) -> SessionCookie {
    SessionCookie::new(secret).unwrap().name("id").unwrap()
}

fn deadline() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1000)
}

fn seal(cookie: &SessionCookie, value: &str) -> String {
    cookie.encode(value, CookieContent::Data, deadline()).unwrap()
}

fn open(cookie: &SessionCookie, text: &str, now: SystemTime) -> CookieValue<'static> {
    let value = cookie.decode(text.as_bytes(), CookieContent::Data, now);
    value.into_owned()
}

/// The key id with the salt, and the nonce.
fn key_and_nonce(text: &str) -> (&str, &str) {
    let (key, rest) = text["e1.".len()..].split_at(20);
    (key, &rest[..16])
}

#[test]
fn a_sealed_value_opens_everywhere_and_is_different_every_time() {
    let (one, other) = (cookie(ONE), cookie(ONE));
    let (first, second) = (seal(&one, "value"), seal(&one, "value"));
    assert_ne!(first, second);
    for text in [first, second] {
        for cookie in [&one, &other] {
            assert_eq!(open(cookie, &text, UNIX_EPOCH).value(), Some("value"));
        }
    }
}

#[test]
fn a_previous_secret_opens_but_does_not_seal() {
    let old = seal(&cookie(TWO), "value");
    let both = cookie(ONE).previous(TWO).unwrap();
    assert_eq!(open(&both, &old, UNIX_EPOCH).value(), Some("value"));
    let new = seal(&both, "value");
    assert_eq!(open(&cookie(TWO), &new, UNIX_EPOCH), CookieValue::Forged);
    assert_eq!(open(&cookie(ONE), &new, UNIX_EPOCH).value(), Some("value"));
}

#[test]
fn a_sealed_value_expires_at_its_deadline() {
    let text = seal(&cookie(ONE), "value");
    let before = deadline() - Duration::from_millis(1);
    assert_eq!(open(&cookie(ONE), &text, before).value(), Some("value"));
    assert_eq!(open(&cookie(ONE), &text, deadline()), CookieValue::Expired);
}

#[test]
fn threads_share_a_key_and_do_not_repeat_a_nonce() {
    const MESSAGES: usize = 2_000;
    let cookie = cookie(ONE);
    let seal_many = || (0..MESSAGES).map(|_| seal(&cookie, "")).collect::<Vec<_>>();
    let texts: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(seal_many)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let keys: HashSet<_> = texts.iter().map(|text| key_and_nonce(text).0).collect();
    let nonces: HashSet<_> = texts.iter().map(|text| key_and_nonce(text).1).collect();
    assert_eq!((keys.len(), nonces.len()), (1, 8 * MESSAGES));
}

#[test]
fn clones_share_a_key_and_a_changed_cookie_has_its_own() {
    let cookie = cookie(ONE);
    let changed = cookie.clone().name("other").unwrap();
    let texts = [&cookie, &cookie.clone(), &changed].map(|cookie| seal(cookie, ""));
    let [one, clone, changed] = texts.each_ref().map(|text| key_and_nonce(text).0);
    assert_eq!(one, clone);
    assert_ne!(one, changed);
}
