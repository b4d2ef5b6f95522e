#![no_main]
//! Any bytes as a signed value: alone, and as a change to one that was signed.

use std::sync::LazyLock;
use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use session_cookie::{Opened, SessionCookie};
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
        assert!(!matches!(opened, Opened::Valid(_)), "nobody signed that");
    }
    let mut changed = SIGNED.clone().into_bytes();
    for (at, byte) in data.iter().enumerate() {
        let at = at % changed.len();
        changed[at] ^= byte;
    }
    let opened = COOKIE.decode(&changed, CookieContent::Id, now);
    let same = changed == SIGNED.as_bytes();
    assert_eq!(matches!(opened, Opened::Valid(_)), same);
});
