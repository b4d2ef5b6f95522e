#![no_main]
//! Any bytes as `Cookie` header fields.

use std::sync::LazyLock;
use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use session_cookie::{Opened, SessionCookie};
use session_core::CookieContent;

static COOKIE: LazyLock<SessionCookie> =
    LazyLock::new(|| SessionCookie::new("a secret for fuzzing, of 32 bytes and more").unwrap());

fuzz_target!(|data: &[u8]| {
    let fields = data.split(|byte| *byte == b'\n');
    let opened = COOKIE.read(fields, CookieContent::Id, SystemTime::UNIX_EPOCH);
    assert!(!matches!(opened, Opened::Valid(_)), "nobody signed that");
});
