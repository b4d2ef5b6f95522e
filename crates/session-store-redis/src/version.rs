//! What names a state of a record: the SHA-1 of its body.
//!
//! A script on the server must be able to compute it, and `redis.sha1hex` is the only digest that a script has. Nothing secret
//! and nobody's rights rest on it: it tells a session's body from an earlier body of the same session. Two bodies that
//! collide would let one write of that session go over another unnoticed, and whoever makes such a pair writes both bodies
//! himself. (He cannot even choose them: a body carries write ids that the server drew at random.)

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use session_core::Version;

/// The version of a record with this body.
pub(crate) fn of(body: &[u8]) -> Version {
    Version::from_bytes(hex(body).as_bytes())
}

/// The digits that the script compares; `None` for a version that this store never gave out.
pub(crate) fn digits(version: &Version) -> Option<String> {
    let text = std::str::from_utf8(version.as_bytes()?).ok()?;
    (text.len() == 40).then(|| text.to_owned())
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
    fn versions_of_other_stores_have_no_digits() {
        assert_eq!(digits(&of(b"abc")).unwrap(), hex(b"abc"));
        assert_eq!(digits(&Version::from(7)), None);
        assert_eq!(digits(&Version::from_bytes(b"abc")), None);
    }
}
