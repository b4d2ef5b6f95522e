#![no_main]
//! Arbitrary bytes as a signed value, as a change to a signed value, and as the value to sign.

use std::sync::LazyLock;
use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use session_cookie::{CookieValue, SessionCookie};
use session_core::CookieContent;

static COOKIE: LazyLock<SessionCookie> =
    LazyLock::new(|| SessionCookie::new("a secret for fuzzing, of 32 bytes and more").unwrap());
static REMIX: LazyLock<SessionCookie> =
    LazyLock::new(|| SessionCookie::remix_compatible(["a secret"]).unwrap());
static SIGNED: LazyLock<String> = LazyLock::new(|| {
    let now = SystemTime::UNIX_EPOCH;
    COOKIE
        .encode("an-id-of-24-characters--", CookieContent::Id, now)
        .unwrap()
});

fuzz_target!(|data: &[u8]| {
    let now = SystemTime::UNIX_EPOCH;
    for cookie in [&*COOKIE, &*REMIX] {
        let opened = cookie.decode(data, CookieContent::Id, now);
        assert!(
            !matches!(opened, CookieValue::Valid(_)),
            "accepted a value that was not signed"
        );
    }
    let mut changed = SIGNED.clone().into_bytes();
    for (at, byte) in data.iter().enumerate() {
        let at = at % changed.len();
        changed[at] ^= byte;
    }
    let opened = COOKIE.decode(&changed, CookieContent::Id, now);
    let same = changed == SIGNED.as_bytes();
    assert_eq!(matches!(opened, CookieValue::Valid(_)), same);

    let value = String::from_utf8_lossy(data);
    for (cookie, is_valid) in [(&*COOKIE, value.bytes().all(is_octet)), (&*REMIX, true)] {
        match cookie.encode(&value, CookieContent::Id, now) {
            Ok(signed) => {
                let opened = cookie.decode(signed.as_bytes(), CookieContent::Id, now);
                assert_eq!(opened.value(), Some(&*value));
            }
            Err(_) => assert!(!is_valid),
        }
    }
});

/// Whether RFC 6265 allows this byte in a cookie value.
fn is_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}
