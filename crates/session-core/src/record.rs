//! What a store holds: opaque bytes under opaque keys, with a version.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use ring::digest::{SHA256, digest};

use crate::id::SessionId;

/// A record as a store returns it.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The bytes that were put, unchanged.
    pub body: Bytes,
    /// Identifies this state of the record; see [`Version`].
    pub version: Version,
}

/// Prints the body's length only: it holds a session's data.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes, {:?})", self.body.len(), self.version)
    }
}

/// Identifies a state of a record: two loads that return equal versions saw the same bytes.
///
/// It is an equality token, not a counter: its order and its size mean nothing. A store makes it
/// from whatever its backend compares atomically: a counter, a compare-and-swap token, an entity
/// tag, a digest of the body, the body itself.
///
/// ```
/// use session_core::Version;
///
/// assert_eq!(Version::from(7), Version::from(7));
/// assert_ne!(Version::from(7), Version::from_bytes(b"7"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Version(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Number(u64),
    Bytes(Bytes),
}

impl Version {
    /// A version from a token of bytes, such as a digest or an entity tag. The bytes are copied.
    pub fn from_bytes(token: &[u8]) -> Self {
        Self::from(Bytes::copy_from_slice(token))
    }

    /// The number that this version was made from; `None` if it was made from bytes.
    pub fn as_u64(&self) -> Option<u64> {
        match self.0 {
            Repr::Number(number) => Some(number),
            Repr::Bytes(_) => None,
        }
    }

    /// The bytes that this version was made from; `None` if it was made from a number.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Repr::Number(_) => None,
            Repr::Bytes(bytes) => Some(bytes),
        }
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self(Repr::Number(number))
    }
}

/// Shares the bytes: for a store whose version is the body itself.
impl From<Bytes> for Version {
    fn from(token: Bytes) -> Self {
        Self(Repr::Bytes(token))
    }
}

/// Prints a token's first bytes as a digest: a token may be the body, which holds a session's data.
impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Number(number) => write!(f, "Version({number})"),
            Repr::Bytes(bytes) => {
                let digest = digest(&SHA256, bytes);
                let first = digest.as_ref().get(..6).unwrap_or_default();
                write!(f, "Version({}..)", URL_SAFE_NO_PAD.encode(first))
            }
        }
    }
}

/// The condition under which a [`put`](crate::RecordStore::put) writes.
///
/// There is no unconditional write: that is how updates get lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is no record at the key.
    IfAbsent,
    /// There is a record at the key, and it has this version.
    IfVersion(Version),
}

/// The result of a [`put`](crate::RecordStore::put).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum PutOutcome {
    /// The body was written; the record now has this version.
    Stored(Version),
    /// The condition did not hold, and nothing was written.
    Refused,
}

/// The key of a record: the SHA-256 of the session id.
///
/// A store that leaks its keys leaks no usable id. Only under
/// [`SessionPolicy::plain_keys`](crate::SessionPolicy::plain_keys), which exists to share a Redis
/// with remix, does a key carry the [`plain`](Self::plain) id as well. Stores that always hash
/// ignore it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RecordKey {
    digest: [u8; 32],
    plain: Option<SessionId>,
}

impl RecordKey {
    /// The key of the session with this id.
    pub fn hashed(id: &SessionId) -> Self {
        let mut bytes = [0; 32];
        let digest = digest(&SHA256, id.as_str().as_bytes());
        bytes.copy_from_slice(digest.as_ref());
        Self::from_digest(bytes)
    }

    /// The key of the session with this id, carrying the id itself as well.
    pub fn plain_of(id: &SessionId) -> Self {
        Self { plain: Some(id.clone()), ..Self::hashed(id) }
    }

    /// The key of the list of sessions of the account with this name. No session id has a NUL, so
    /// it is no session's key.
    pub(crate) fn of_account(name: &str) -> Self {
        let mut text = b"account\0".to_vec();
        text.extend(name.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, &text).as_ref());
        Self::from_digest(bytes)
    }

    /// A key with this digest, as read back from a record.
    pub fn from_digest(digest: [u8; 32]) -> Self {
        Self { digest, plain: None }
    }

    /// SHA-256 of the id.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// SHA-256 of the id in 64 lower-case hexadecimal digits.
    ///
    /// ```
    /// use session_core::{RecordKey, SessionId};
    ///
    /// let id = SessionId::random()?;
    /// assert_eq!(RecordKey::hashed(&id).hex().len(), 64);
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn hex(&self) -> String {
        let mut hex = String::with_capacity(2 * self.digest.len());
        for byte in self.digest {
            hex.push(digit(byte >> 4));
            hex.push(digit(byte & 15));
        }
        hex
    }

    /// The key whose [`hex`](Self::hex) this is.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut digest = [0; 32];
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
        if pairs.len() != digest.len() {
            return None;
        }
        for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
            let value = |digit: u8| char::from(digit).to_digit(16);
            *byte = u8::try_from(value(*high)? * 16 + value(*low)?).ok()?;
        }
        Some(Self::from_digest(digest))
    }

    /// The id itself, if the policy asks for plain keys: 1 to
    /// [`SessionId::MAX_FOREIGN`] bytes of visible ASCII.
    pub fn plain(&self) -> Option<&str> {
        self.plain.as_ref().map(SessionId::as_str)
    }
}

fn digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

/// Prints the first digits of the digest only: enough to tell two keys apart in a log.
impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = self.hex();
        write!(f, "RecordKey({}..)", hex.get(..8).unwrap_or_default())
    }
}
