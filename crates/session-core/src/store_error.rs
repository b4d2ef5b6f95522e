//! What a store reports when it cannot do what it was asked.

use std::fmt;

/// Why a store could not do what it was asked.
///
/// The message names what was wrong, what was expected and what to do. It never holds a password, a
/// session id or session data.
///
/// ```
/// use session_core::{StoreError, StoreErrorKind};
///
/// let error = StoreError::new(
///     StoreErrorKind::TooLarge,
///     "the record has 2097152 bytes, the server takes 1048576",
/// );
/// assert_eq!(error.kind(), StoreErrorKind::TooLarge);
/// ```
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What a caller can do about a [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The backend could not be reached, or refuses for now: try again later.
    Unavailable,
    /// The backend did not answer in time: try again later.
    Timeout,
    /// The write was applied, but on fewer replicas than were asked for: it is lost if the server
    /// is. A load would find it, so this save does not look again and reports the error.
    Unconfirmed,
    /// The record is larger than the backend takes: keep less in the session. Nothing was written.
    TooLarge,
    /// The value at the key is not a record, or belongs to another key: an operator must look.
    /// Nothing was written.
    Corrupt,
    /// Misconfigured; an operator must fix it. Nothing was written.
    Config,
}

impl StoreError {
    /// An error of this kind, with a message for the operator.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Keeps the driver's error as this one's source.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
