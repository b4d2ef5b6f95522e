//! The secret that cookies are signed and encrypted with.

use std::fmt;

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::ConfigError;

/// Secrets that the documentation of this library has shown, in any version.
const PRINTED: &[&str] = &[
    "3vJc0Ql1oXGqf9dS2nUBz8aKEpTy4RwM",
    "a secret of at least 32 bytes: take yours from the environment",
    "a secret of at least 32 bytes, from the environment",
    "the tests' own secret, of 32 bytes and more",
];

/// The bytes from which the keys for cookies are derived. Anyone who knows them can make cookies.
///
/// Use at least 32 random bytes, and the same on every server and after every restart: make them
/// once, with `openssl rand -base64 48`, and keep them with the application's other secrets.
/// `Debug` prints them redacted.
///
/// A secret is refused if it is short, if it repeats a short text, or if the documentation of this
/// library has shown it. Whether others can guess it otherwise is not checked.
///
/// ```
/// use session_cookie::Secret;
///
/// let secret = Secret::random()?;
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert!(Secret::from_text("hunter2").is_err());
/// # Ok::<(), session_cookie::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// The shortest secret that is accepted, in bytes.
    pub const MIN_BYTES: usize = 32;

    /// A fresh secret, for tests and for servers whose sessions may end when they stop.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Random`] if the operating system gives no random bytes.
    pub fn random() -> Result<Self, ConfigError> {
        let mut bytes = [0; Self::MIN_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| ConfigError::Random)?;
        Ok(Self(bytes.into()))
    }

    /// A secret of this text's bytes, as they are. Nothing is decoded or trimmed.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ShortSecret`] if they are fewer than [`MIN_BYTES`](Self::MIN_BYTES),
    /// [`ConfigError::RepeatedSecret`] if they repeat fewer bytes than that, and
    /// [`ConfigError::PrintedSecret`] if our documentation has shown them.
    pub fn from_text(text: &str) -> Result<Self, ConfigError> {
        Self::try_from(text.as_bytes())
    }

    /// A secret of any length but zero, to share one with remix, which has no minimum.
    pub(crate) fn of_any_length(bytes: &[u8]) -> Result<Self, ConfigError> {
        if bytes.is_empty() {
            return Err(ConfigError::NoSecret);
        }
        Ok(Self(bytes.into()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for Secret {
    type Error = ConfigError;

    fn try_from(bytes: &[u8]) -> Result<Self, ConfigError> {
        if bytes.len() < Self::MIN_BYTES {
            return Err(ConfigError::ShortSecret { bytes: bytes.len() });
        }
        if let Some(bytes) = repeated(bytes) {
            return Err(ConfigError::RepeatedSecret { bytes });
        }
        if PRINTED.iter().any(|printed| printed.as_bytes() == bytes.trim_ascii()) {
            return Err(ConfigError::PrintedSecret);
        }
        Ok(Self(bytes.into()))
    }
}

/// If `secret` repeats fewer than [`Secret::MIN_BYTES`] bytes, their number. It is no harder to
/// guess than those.
fn repeated(secret: &[u8]) -> Option<usize> {
    let repeats = |length: &usize| {
        let rest = secret.get(*length..);
        rest.is_some_and(|rest| secret.starts_with(rest))
    };
    (1..Secret::MIN_BYTES.min(secret.len() / 2 + 1)).find(repeats)
}

/// See [`Secret::from_text`].
impl TryFrom<&str> for Secret {
    type Error = ConfigError;

    fn try_from(text: &str) -> Result<Self, ConfigError> {
        Self::from_text(text)
    }
}

/// See [`Secret::from_text`].
impl TryFrom<String> for Secret {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        Self::from_text(&text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
