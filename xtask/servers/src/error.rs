//! What can go wrong with a server.

use std::{error, fmt, io};

/// A server could not be installed, started or asked.
///
/// The message is one that a person can act on; where a server ended by itself, it contains the last
/// lines of its log.
pub struct Error {
    message: String,
    source: Option<io::Error>,
    /// Another process took the port between our look and the server's: worth another try.
    pub(crate) port_taken: bool,
}

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None, port_taken: false }
    }

    pub(crate) fn io(what: impl fmt::Display, source: io::Error) -> Self {
        Self { message: format!("{what}: {source}"), source: Some(source), port_taken: false }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// As `Display`, because a test shows it through `unwrap`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
