//! Arbitrary client input must not panic, and must not be accepted as a value that we did not
//! issue.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use session_cookie::SessionCookie;
use session_core::CookieContent;

const SECRET: &str = "a secret of thirty-two bytes, ok";
const CONTENTS: [CookieContent; 2] = [CookieContent::Id, CookieContent::Data];

fn cookies() -> [SessionCookie; 3] {
    let cookie = || SessionCookie::new(SECRET).unwrap().name("id").unwrap();
    let remix = SessionCookie::remix_compatible([SECRET]).unwrap();
    [cookie(), cookie().chunks(3).unwrap(), remix.name("id").unwrap()]
}

fn deadline() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(100)
}

/// A header that is similar enough to a real one to pass the first checks.
fn header() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"id=".to_vec()),
        Just(b"id.1=".to_vec()),
        Just(b"s1.".to_vec()),
        Just(b"e1.".to_vec()),
        Just(b"k2.".to_vec()),
        Just(b"; ".to_vec()),
        Just(b"\"".to_vec()),
        "[A-Za-z0-9_-]{0,80}".prop_map(String::into_bytes),
        "[A-Za-z0-9+/=.]{0,60}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_random_header_is_accepted(headers in proptest::collection::vec(header(), 0..4)) {
        for cookie in cookies() {
            for content in CONTENTS {
                let opened = cookie.read(headers.iter().map(Vec::as_slice), content, UNIX_EPOCH);
                prop_assert!(opened.value().is_none());
            }
            let chunk_count = cookie.chunk_count(headers.iter().map(Vec::as_slice));
            prop_assert!(chunk_count <= SessionCookie::MAX_CHUNKS);
        }
    }

    #[test]
    fn no_random_value_is_accepted(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        for cookie in cookies() {
            for content in CONTENTS {
                prop_assert!(cookie.decode(&text, content, UNIX_EPOCH).value().is_none());
            }
        }
    }

    #[test]
    fn any_data_is_read_back(value in "(?s).{0,300}", around in "[a-z]{1,9}=[a-zA-Z0-9\"=]{0,9}") {
        for cookie in cookies() {
            let text = cookie.encode(&value, CookieContent::Data, deadline()).unwrap();
            let header = format!("{around}; id={text}; {around}");
            let opened = cookie.read([header.as_bytes()], CookieContent::Data, UNIX_EPOCH);
            prop_assert_eq!(opened.value(), Some(value.as_str()));
        }
    }

    #[test]
    fn any_id_is_read_back(id in "[!#-+\\--:<-\\[\\]-~]{0,128}") {
        for cookie in cookies() {
            let text = cookie.encode(&id, CookieContent::Id, deadline()).unwrap();
            let header = format!("a=1;id=\"{text}\"");
            let opened = cookie.read([header.as_bytes()], CookieContent::Id, UNIX_EPOCH);
            prop_assert_eq!(opened.value(), Some(id.as_str()));
        }
    }

    #[test]
    fn a_flipped_bit_is_rejected(
        value in "[a-z]{0,40}",
        at in any::<prop::sample::Index>(),
        bit in 0..8,
    ) {
        for cookie in cookies() {
            for content in CONTENTS {
                let mut text = cookie.encode(&value, content, deadline()).unwrap().into_bytes();
                let at = at.index(text.len());
                text[at] ^= 1_u8 << bit;
                prop_assert!(cookie.decode(&text, content, UNIX_EPOCH).value().is_none());
            }
        }
    }

    #[test]
    fn a_truncated_value_is_rejected(value in "[a-z]{0,40}", at in any::<prop::sample::Index>()) {
        for cookie in cookies() {
            for content in CONTENTS {
                let text = cookie.encode(&value, content, deadline()).unwrap().into_bytes();
                let (start, end) = text.split_at(at.index(text.len()));
                prop_assert!(cookie.decode(start, content, UNIX_EPOCH).value().is_none());
                let opened = cookie.decode(end, content, UNIX_EPOCH);
                prop_assert!(start.is_empty() || opened.value().is_none());
            }
        }
    }
}
