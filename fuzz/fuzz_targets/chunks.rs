#![no_main]
//! Arbitrary bytes as the cookies of a value in chunks.

use std::sync::LazyLock;
use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use session_cookie::{CookieValue, SessionCookie};
use session_core::CookieContent;

static COOKIE: LazyLock<SessionCookie> = LazyLock::new(|| {
    let cookie = SessionCookie::new("a secret for fuzzing, of 32 bytes and more").unwrap();
    cookie.chunks(4).unwrap()
});

fuzz_target!(|data: &[u8]| {
    // Each input line is one chunk. The line number gives the name of its cookie.
    let mut header = Vec::new();
    for (number, line) in data.split(|byte| *byte == b'\n').take(16).enumerate() {
        let name = match number % 8 {
            0 => "__Host-session=".to_owned(),
            number => format!("; __Host-session.{number}="),
        };
        header.extend_from_slice(name.as_bytes());
        header.extend_from_slice(line);
    }
    for fields in [data, &header] {
        let opened = COOKIE.read([fields], CookieContent::Data, SystemTime::UNIX_EPOCH);
        assert!(
            !matches!(opened, CookieValue::Valid(_)),
            "accepted a value that was not sealed"
        );
        assert!(COOKIE.chunk_count([fields]) <= SessionCookie::MAX_CHUNKS);
    }
});
