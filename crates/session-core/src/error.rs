//! What can go wrong, by what the caller can do about it.

use std::fmt;

use crate::store_error::{StoreError, StoreErrorKind};

/// The result of a session operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a session could not be opened, changed or saved.
///
/// No message holds a secret, an id, a cookie or a session's data.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The store failed; its [`kind`](StoreError::kind) says whether trying again can help.
    Store(StoreError),
    /// Another request gave this session a new id, so a write under the old one cannot be kept. The
    /// client repeats its request with the new cookie.
    Moved,
    /// The record was evicted or expired while the request was under way, so a write cannot be
    /// kept.
    Vanished,
    /// The session was destroyed earlier in this request; it takes no more writes.
    Destroyed,
    /// The session was saved with the response; it takes no more changes. Change it before the
    /// handler returns.
    Closed,
    /// A value does not encode as JSON.
    Encode {
        /// The key that was to be set.
        key: String,
        /// What serde said.
        source: serde_json::Error,
    },
    /// A value does not decode as the type that was asked for. The value stays as it is.
    Decode {
        /// The key that was read.
        key: String,
        /// The type that was asked for.
        expected: &'static str,
        /// What the value is: `an object`, `a string`, ...
        found: &'static str,
        /// The field that the type needs and the value does not have, if that is why.
        missing_field: Option<String>,
        /// Where in the value's JSON text decoding stopped, in bytes from 1; 0 if unknown.
        column: usize,
    },
    /// The session does not fit where it is kept.
    TooLarge {
        /// The size, in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
        /// What has that size, and what to do.
        what: &'static str,
    },
    /// The session has so many values, or so many flash values, that it takes none under a new key.
    TooManyKeys {
        /// The limit; see [`Session::MAX_KEYS`](crate::Session::MAX_KEYS).
        limit: usize,
    },
    /// All sessions of the account were ended while this login was under way. Its user signs in
    /// again.
    SignedOut,
    /// The account has so many sessions that it takes no further one.
    TooManySessions {
        /// The limit; see [`SessionPolicy::max_sessions`](crate::SessionPolicy::max_sessions).
        limit: usize,
    },
    /// This storage cannot do that; the message says why.
    Unsupported(&'static str),
    /// The operating system gives no random bytes.
    Random,
}

/// What the caller can do about an [`Error`], for statuses and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The backend is down, or the system gives no random bytes: try again later (503).
    Unavailable,
    /// The backend was too slow: try again later (503).
    Timeout,
    /// The session has a new id: repeat with the new cookie (409).
    Moved,
    /// The session is gone: start again (409).
    Vanished,
    /// All sessions of the account were ended during the login: sign in again (409).
    SignedOut,
    /// The account has too many sessions: end one of them first (409).
    TooManySessions,
    /// The session was destroyed earlier in this request (500).
    Destroyed,
    /// The session was saved already (500).
    Closed,
    /// A value does not encode (500).
    Encode,
    /// A value does not decode (500).
    Decode,
    /// The session is too large (500).
    TooLarge,
    /// What the store holds is not a session (500).
    Corrupt,
    /// Something is set up wrongly (500).
    Config,
}

impl Error {
    /// What the caller can do about it.
    ///
    /// ```
    /// use session_core::{Error, ErrorKind};
    ///
    /// assert_eq!(Error::Moved.kind(), ErrorKind::Moved);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => match error.kind() {
                StoreErrorKind::Unavailable | StoreErrorKind::Unconfirmed => ErrorKind::Unavailable,
                StoreErrorKind::Timeout => ErrorKind::Timeout,
                StoreErrorKind::TooLarge => ErrorKind::TooLarge,
                StoreErrorKind::Corrupt => ErrorKind::Corrupt,
                StoreErrorKind::Config => ErrorKind::Config,
            },
            Self::Moved => ErrorKind::Moved,
            Self::Vanished => ErrorKind::Vanished,
            Self::Destroyed => ErrorKind::Destroyed,
            Self::Closed => ErrorKind::Closed,
            Self::Encode { .. } => ErrorKind::Encode,
            Self::Decode { .. } => ErrorKind::Decode,
            Self::TooLarge { .. } | Self::TooManyKeys { .. } => ErrorKind::TooLarge,
            Self::SignedOut => ErrorKind::SignedOut,
            Self::TooManySessions { .. } => ErrorKind::TooManySessions,
            Self::Unsupported(_) => ErrorKind::Config,
            Self::Random => ErrorKind::Unavailable,
        }
    }

    pub(crate) fn corrupt(message: impl Into<String>) -> Self {
        Self::Store(StoreError::new(StoreErrorKind::Corrupt, message))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => write!(f, "the session store failed: {error}"),
            Self::Moved => f.write_str(
                "another request gave the session a new id; repeat the request with the new cookie",
            ),
            Self::Vanished => f.write_str(
                "the session was evicted or expired during the request; start a new one",
            ),
            Self::Destroyed => f.write_str(
                "the session was destroyed earlier in this request; to continue with an empty session, \
                 call restart() instead of destroy()",
            ),
            Self::Closed => f.write_str(
                "the session was saved with the response; change it before the handler returns, or \
                 open it again by its id and commit that",
            ),
            Self::Encode { key, source } => {
                write!(f, "the value for {key:?} does not encode as JSON: {source}")
            }
            Self::Decode {
                key,
                expected,
                found,
                missing_field,
                column,
            } => {
                write!(f, "the value under {key:?} is {found} and does not decode as {expected}")?;
                match missing_field {
                    Some(field) => write!(
                        f,
                        ": the field `{field}` is missing (give it a #[serde(default)] to read older \
                         values); it was not changed"
                    ),
                    None => write!(f, " (at byte {column} of its JSON); it was not changed"),
                }
            }
            Self::TooLarge { size, limit, what } => {
                write!(f, "{what}: {size} bytes, and the limit is {limit}")
            }
            Self::TooManyKeys { limit } => write!(
                f,
                "the session has {limit} keys already, and takes no new one; keep lists and tables as \
                 one value, and what grows without bound in a database"
            ),
            Self::SignedOut => f.write_str(
                "all sessions of the account were ended while this login was under way; sign in again",
            ),
            Self::TooManySessions { limit } => write!(
                f,
                "the account has {limit} sessions already, and takes no further one; end one of them \
                 first"
            ),
            Self::Unsupported(why) => f.write_str(why),
            Self::Random => f.write_str("the operating system gives no random bytes"),
        }
    }
}

impl std::error::Error for Error {
    /// The cause behind the message. What the message already says is not repeated.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => error.source(),
            Self::Encode { source, .. } => source.source(),
            _ => None,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
