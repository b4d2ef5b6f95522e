//! Sessions in the cookie, and cookie values by themselves.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use session_cookie::{CookieStorage, SessionCookie};
use session_core::CookieContent;

use super::request::{SECRET, bare, ours};
use crate::{App, Case};

/// Requests in process, with all data in an encrypted cookie.
pub(super) fn storage() -> Vec<Case> {
    let apps = [bare("bare router"), ours(CookieStorage::new())];
    apps.iter().flat_map(App::cases).collect()
}

/// The lengths of the values that are protected.
pub const SIZES: [usize; 3] = [64, 256, 3072];

/// Values that are signed and verified, sealed and opened.
pub(super) fn values() -> Vec<Case> {
    let pairs = [(CookieContent::Id, "sign", "verify"), (CookieContent::Data, "seal", "open")];
    let cases = |size| pairs.map(|(content, make, take)| pair(size, content, make, take));
    SIZES.into_iter().flat_map(cases).flatten().collect()
}

fn pair(size: usize, content: CookieContent, make: &str, take: &str) -> [Case; 2] {
    let cookie = SessionCookie::new(SECRET).expect("a long secret");
    let (value, now) = ("x".repeat(size), SystemTime::now());
    let deadline = now + Duration::from_secs(86_400);
    let made = cookie.encode(&value, content, deadline);
    let (made, maker) = (made.expect("plain text"), cookie.clone());
    [
        Case::timed(format!("{make} {size} B"), "ours", move |times| {
            for _ in 0..times {
                let made = maker.encode(black_box(&value), content, deadline);
                black_box(made).expect("plain text");
            }
        }),
        Case::timed(format!("{take} {size} B"), "ours", move |times| {
            for _ in 0..times {
                let taken = cookie.decode(black_box(made.as_bytes()), content, now);
                assert!(taken.value().is_some());
            }
        }),
    ]
}
