#![no_main]
//! Arbitrary bytes as `Cookie` header fields, with a signed value among them. The result must be
//! the same as that of a simple loop.

use std::sync::LazyLock;
use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use session_cookie::SessionCookie;
use session_core::CookieContent;

static COOKIE: LazyLock<SessionCookie> =
    LazyLock::new(|| SessionCookie::new("a secret for fuzzing, of 32 bytes and more").unwrap());
static SIGNED: LazyLock<String> = LazyLock::new(|| {
    COOKIE
        .encode("an-id", CookieContent::Id, SystemTime::UNIX_EPOCH)
        .unwrap()
});

fuzz_target!(|data: &[u8]| {
    // A zero byte is replaced by the signed value, because no mutation would find a valid one.
    let mut header = Vec::with_capacity(data.len());
    for byte in data {
        match byte {
            0 => header.extend_from_slice(SIGNED.as_bytes()),
            byte => header.push(*byte),
        }
    }
    // The parser ignores what is beyond its size limit, which the loop below does not model.
    header.truncate(60_000);
    let fields = || header.split(|byte| *byte == b'\n');
    let now = SystemTime::UNIX_EPOCH;
    let opened = COOKIE.read(fields(), CookieContent::Id, now);

    let pairs = fields().flat_map(|field| field.split(|byte| *byte == b';'));
    let values = pairs.filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let value = pair[equals + 1..].trim_ascii();
        let quoted = value
            .strip_prefix(b"\"")
            .and_then(|value| value.strip_suffix(b"\""));
        (pair[..equals].trim_ascii() == b"__Host-session").then(|| quoted.unwrap_or(value))
    });
    let mut tried = values.filter(|value| !value.is_empty()).take(8);
    let expected = tried.any(|value| value == SIGNED.as_bytes());
    assert_eq!(opened.value(), expected.then_some("an-id"));
});
