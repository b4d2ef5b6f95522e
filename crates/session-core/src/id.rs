//! The session id.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Error;
use crate::random;

/// The id that the cookie carries. Anyone who has it has the session.
///
/// Ids made by this library are 144 bits from the operating system's CSPRNG, written as 24
/// characters of base64url (OWASP ASVS 5.0 V7.2.3 asks for at least 128 bits). `Debug` prints it
/// redacted; [`as_str`](Self::as_str) gives the text.
///
/// ```
/// use session_core::SessionId;
///
/// let id = SessionId::random()?;
/// assert_eq!(id.as_str().len(), 24);
/// assert_eq!(format!("{id:?}"), "SessionId(..)");
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    const BYTES: usize = 18;
    const CHARS: usize = 24;
    /// The longest id of another library that is accepted, in bytes.
    pub const MAX_FOREIGN: usize = 128;

    /// A fresh id.
    ///
    /// # Errors
    ///
    /// [`Error::Random`] if the operating system gives no random bytes.
    pub fn random() -> Result<Self, Error> {
        let bytes = random::bytes::<{ Self::BYTES }>()?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }

    /// An id in the form that this library makes; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let is_ours = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let valid = text.len() == Self::CHARS && text.bytes().all(is_ours);
        valid.then(|| Self(text.into()))
    }

    /// An id of another library: 1 to [`MAX_FOREIGN`](Self::MAX_FOREIGN) bytes of visible ASCII.
    ///
    /// It opens a session only if a record exists; unknown ids are never adopted.
    pub fn parse_foreign(text: &str) -> Option<Self> {
        let valid = (1..=Self::MAX_FOREIGN).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_graphic());
        valid.then(|| Self(text.into()))
    }

    /// The text, as the cookie carries it. Keep it out of logs and pages.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}
