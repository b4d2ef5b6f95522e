#![no_main]
//! Arbitrary bytes as a sealed value, as a change to a sealed value, and as the plain text to seal.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use session_cookie::{CookieValue, SessionCookie};
use session_core::CookieContent;

static COOKIE: LazyLock<SessionCookie> =
    LazyLock::new(|| SessionCookie::new("a secret for fuzzing, of 32 bytes and more").unwrap());
static SEALED: LazyLock<String> = LazyLock::new(|| {
    COOKIE
        .encode("[{\"user\":1},{}]", CookieContent::Data, deadline())
        .unwrap()
});

fuzz_target!(|data: &[u8]| {
    let now = SystemTime::UNIX_EPOCH;
    let opened = COOKIE.decode(data, CookieContent::Data, now);
    assert!(
        !matches!(opened, CookieValue::Valid(_)),
        "accepted a value that was not sealed"
    );
    let mut changed = SEALED.clone().into_bytes();
    for (at, byte) in data.iter().enumerate() {
        let at = at % changed.len();
        changed[at] ^= byte;
    }
    let opened = COOKIE.decode(&changed, CookieContent::Data, now);
    let same = changed == SEALED.as_bytes();
    assert_eq!(matches!(opened, CookieValue::Valid(_)), same);

    let value = String::from_utf8_lossy(data);
    let sealed = COOKIE
        .encode(&value, CookieContent::Data, deadline())
        .unwrap();
    let opened = COOKIE.decode(sealed.as_bytes(), CookieContent::Data, now);
    assert_eq!(opened.value(), Some(&*value));
});

fn deadline() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1)
}
