//! The session's id.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{Error, random};

/// What the cookie carries, and whoever holds it holds the session.
///
/// Ids that this library makes are 144 bits from the operating system's CSPRNG in 24 characters of base64url (OWASP ASVS 5.0
/// V7.2.3 asks for at least 128). It prints redacted; [`as_str`](Self::as_str) gives the text.
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
pub struct SessionId(Text);

/// Ours are always as long as this, and stand in place.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Text {
    Ours(Chars),
    Foreign(Box<str>),
}

/// Aligned, so that it is moved in whole words.
#[derive(Clone, PartialEq, Eq, Hash)]
#[repr(align(8))]
struct Chars([u8; SessionId::CHARS]);

impl SessionId {
    const BYTES: usize = 18;
    const CHARS: usize = 24;

    /// A fresh id.
    ///
    /// # Errors
    ///
    /// [`Error::Random`] if the operating system gives no random bytes.
    pub fn random() -> Result<Self, Error> {
        let mut bytes = [0; Self::BYTES];
        random::fill(&mut bytes)?;
        let mut text = [0; Self::CHARS];
        // Eighteen bytes are twenty-four characters, so this cannot fail.
        let _ = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
        Ok(Self(Text::Ours(Chars(text))))
    }

    /// An id in the form that this library makes; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let text: [u8; Self::CHARS] = text.as_bytes().try_into().ok()?;
        let is_ours = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-' || *b == b'_';
        text.iter()
            .fold(true, |all, b| all & is_ours(b))
            .then_some(Self(Text::Ours(Chars(text))))
    }

    /// An id in any printable form, as another library may have made it: 1 to 128 bytes of visible ASCII.
    ///
    /// It opens a session only where a record exists; unknown ids are never adopted.
    pub fn parse_foreign(text: &str) -> Option<Self> {
        let printable = (1..=crate::RecordKey::MAX_PLAIN).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_graphic());
        let foreign = || Self(Text::Foreign(text.into()));
        printable.then(|| Self::parse(text).unwrap_or_else(foreign))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Ours(Chars(text)) => text,
            Text::Foreign(text) => text.as_bytes(),
        }
    }

    /// The text, as the cookie carries it. Keep it out of logs.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}
