//! What a store holds: opaque bytes under opaque keys, with a version.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::SessionId;

/// A record as a store hands it out.
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

/// Names a state of a record: two loads that return equal versions saw the same bytes.
///
/// It is an equality token, never a count: nothing may be read from its order or its size. A store makes it from whatever its
/// backend compares atomically: a counter, a compare-and-swap token, an entity tag, a digest of the body.
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
    /// A version from a token of bytes, such as a digest or an entity tag.
    pub fn from_bytes(token: &[u8]) -> Self {
        Self(Repr::Bytes(Bytes::copy_from_slice(token)))
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

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Number(number) => write!(f, "Version({number})"),
            Repr::Bytes(bytes) => write!(f, "Version({})", URL_SAFE_NO_PAD.encode(bytes)),
        }
    }
}

/// What must hold for a [`put`](crate::RecordStore::put) to write.
///
/// There is no unconditional write: it is how updates get lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// No record stands at the key.
    IfAbsent,
    /// A record stands at the key, and its version is this one.
    IfVersion(Version),
}

/// What a [`put`](crate::RecordStore::put) did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum PutOutcome {
    /// The body was written; the record now has this version.
    Stored(Version),
    /// The condition did not hold, and nothing was written.
    Refused,
}

/// Where a record stands: the SHA-256 of the session's id.
///
/// A store that leaks its keys leaks no usable id. Only under
/// [`SessionPolicy::plain_keys`](crate::SessionPolicy::plain_keys), which exists to share a Redis with remix, does a key carry
/// the [`plain`](Self::plain) id as well; stores that always hash ignore it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RecordKey {
    digest: [u8; 32],
    plain: Option<Box<str>>,
}

impl RecordKey {
    /// The longest plain id, in bytes.
    pub const MAX_PLAIN: usize = 128;

    /// In the place of a key where a session stands in no record. The engine writes nothing there.
    pub(crate) const NONE: Self = Self {
        digest: [0; 32],
        plain: None,
    };

    /// The key of the session with this id.
    pub fn hashed(id: &SessionId) -> Self {
        Self::from_digest(Sha256::digest(id.as_bytes()).into())
    }

    /// The key of the session with this id, with the id itself in it.
    pub fn plain_of(id: &SessionId) -> Self {
        Self {
            plain: Some(id.as_str().into()),
            ..Self::hashed(id)
        }
    }

    /// A key with this digest, as read back from a record.
    pub fn from_digest(digest: [u8; 32]) -> Self {
        Self {
            digest,
            plain: None,
        }
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
        // Without a look at a table, so that it is done for many bytes at once.
        let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
        let digits = self.digest.map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        String::from_utf8_lossy(digits.as_flattened()).into_owned()
    }

    /// The id itself, 1 to [`MAX_PLAIN`](Self::MAX_PLAIN) bytes of visible ASCII, where the policy asks for plain keys.
    pub fn plain(&self) -> Option<&str> {
        self.plain.as_deref()
    }
}

/// Prints the first digits of the digest only: enough to tell two keys apart in a log.
impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = self.hex();
        write!(f, "RecordKey({}..)", hex.get(..8).unwrap_or_default())
    }
}
