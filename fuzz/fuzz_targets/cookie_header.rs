#![no_main]
//! Arbitrary bytes as `Cookie` header fields, with a signed value among them. The result must be
//! the same as that of a simple loop.

use std::sync::LazyLock;
use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use session_cookie::{CookieValue, SessionCookie};
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
    let tried = values.filter(|value| !value.is_empty() && value.len() <= SessionCookie::MAX_BYTES);
    let (mut verified, mut expected) = (0, false);
    for value in tried {
        match COOKIE.decode(value, CookieContent::Id, now) {
            CookieValue::Malformed => {}
            CookieValue::Valid(_) => {
                expected = true;
                break;
            }
            _ => verified += 1,
        }
        if verified == SessionCookie::MAX_VERIFIED {
            break;
        }
    }
    assert_eq!(opened.value(), expected.then_some("an-id"));
    let all = COOKIE.read_all(fields(), CookieContent::Id, now);
    assert_eq!(all, [opened]);
});
