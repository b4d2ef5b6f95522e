//! What names a state of a record: its body; or the body's SHA-1, where the body is long.
//!
//! A script on the server must be able to compare it. A short body is sent and compared in less time than either side needs for
//! a digest. For a long one `redis.sha1hex` is the only digest that a script has. Nothing secret and nobody's rights rest on
//! it: it tells a session's body from an earlier body of the same session. Two bodies that collide would let one
//! write of that session go over another unnoticed, and whoever makes such a pair writes both bodies himself. (He cannot
//! even choose them: a body carries write ids that nobody outside knows beforehand.)

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use session_core::Version;

/// The digits of a digest. No body of this length is its own version, so the script knows one from the other by it.
const DIGITS: usize = 40;
const LONGEST: usize = 1024;

/// The version of a record with this body.
pub(crate) fn of(body: &[u8]) -> Version {
    if body.len() == DIGITS || body.len() > LONGEST {
        Version::from_bytes(hex(body).as_bytes())
    } else {
        Version::from_bytes(body)
    }
}

/// As `redis.sha1hex` gives it.
pub(crate) fn hex(bytes: &[u8]) -> String {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes)
        .as_ref()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_answer() {
        assert_eq!(hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn a_version_is_a_digest_if_it_has_its_length_and_a_body_else() {
        for len in [0, 1, 39, 41, 1024] {
            let body = vec![b'x'; len];
            assert_eq!(of(&body), Version::from_bytes(&body));
        }
        for len in [40, 1025, 100_000] {
            let body = vec![b'x'; len];
            assert_eq!(of(&body), Version::from_bytes(hex(&body).as_bytes()));
        }
    }
}
