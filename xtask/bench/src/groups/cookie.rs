//! Sessions in the cookie, and the cookie's protection by itself.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use session_cookie::{CookieStorage, SessionCookie};
use session_core::CookieContent;

use super::ours;
use super::request::{SECRET, bare};
use crate::{App, Case};

/// Requests in process, with all data in an encrypted cookie.
pub(super) fn storage() -> Vec<Case> {
    let apps = [bare(), ours(CookieStorage::new())];
    apps.iter().flat_map(App::simple_cases).collect()
}

/// How long the values are that are protected.
pub const SIZES: [usize; 4] = [64, 256, 1024, 3072];

/// Values that are signed and sealed, verified and opened.
pub(super) fn formats() -> Vec<Case> {
    SIZES.into_iter().flat_map(of_size).collect()
}

fn of_size(size: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for (content, make, take) in [
        (CookieContent::Id, "sign", "verify"),
        (CookieContent::Data, "seal", "open"),
    ] {
        let cookie = SessionCookie::new(SECRET).expect("a long secret");
        let (value, now) = ("x".repeat(size), SystemTime::now());
        let deadline = now + Duration::from_secs(86_400);
        let text = cookie
            .encode(&value, content, deadline)
            .expect("plain text");
        let other = cookie.clone();
        cases.push(Case::new(
            format!("{make} {size} B"),
            "ours",
            move |times| {
                for _ in 0..times {
                    black_box(other.encode(black_box(&value), content, deadline))
                        .expect("plain text");
                }
            },
        ));
        cases.push(Case::new(
            format!("{take} {size} B"),
            "ours",
            move |times| {
                for _ in 0..times {
                    let opened = cookie.decode(black_box(text.as_bytes()), content, now);
                    assert!(opened.value().is_some());
                }
            },
        ));
    }
    cases.extend(floor(size));
    cases
}

/// ring by itself: no random nonce, no text.
fn floor(size: usize) -> Vec<Case> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let value = vec![b'x'; size];
    let signed = value.clone();
    let unbound = UnboundKey::new(&AES_256_GCM, SECRET.as_bytes()).expect("32 bytes");
    let sealing = LessSafeKey::new(unbound);
    let mut sealed = value.clone();
    vec![
        Case::new(format!("sign {size} B"), "ring alone", move |times| {
            for _ in 0..times {
                black_box(hmac::sign(&key, black_box(&signed)));
            }
        }),
        Case::new(format!("seal {size} B"), "ring alone", move |times| {
            for _ in 0..times {
                let nonce = Nonce::assume_unique_for_key([7; 12]);
                let tag = sealing.seal_in_place_separate_tag(nonce, Aad::empty(), &mut sealed);
                assert!(tag.is_ok());
            }
        }),
    ]
}
