//! What can be wrong with a cookie's configuration.

use std::convert::Infallible;
use std::fmt;

use crate::{Secret, SessionCookie};

/// Why a [`SessionCookie`] cannot be built as asked.
///
/// The message names what was wrong and what to do; it never holds a secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A secret has fewer bytes than [`Secret::MIN_BYTES`].
    ShortSecret {
        /// How many it has.
        bytes: usize,
    },
    /// No secret was given, or an empty one.
    NoSecret,
    /// This is no name for a cookie.
    Name(String),
    /// This is no `Path` for a cookie.
    Path(String),
    /// This is no `Domain` for a cookie.
    Domain(String),
    /// What is named here needs `Secure`, which was dropped.
    NeedsSecure(&'static str),
    /// The name begins with `__Host-`, which does not go with what is named here.
    HostPrefix(&'static str),
    /// So many chunks are not offered.
    Chunks(usize),
    /// remix knows no chunks.
    RemixChunks,
    /// The operating system gives no random bytes.
    Random,
    /// No key could be derived from the secret, which no secret is known to cause.
    Derivation,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortSecret { bytes } => write!(
                f,
                "the secret has {bytes} bytes, and at least {} are needed; make one with `openssl rand -base64 48`",
                Secret::MIN_BYTES,
            ),
            Self::NoSecret => f.write_str("a cookie needs at least one secret, and none may be empty"),
            Self::Name(name) => write!(
                f,
                "{name:?} is no cookie name: letters, digits and any of !#$%&'*+-.^_`|~ are, at least one and at most 1024",
            ),
            Self::Path(path) => write!(
                f,
                "{path:?} is no cookie path: it begins with '/', has visible ASCII without ';', and at most 1024 bytes",
            ),
            Self::Domain(domain) => write!(
                f,
                "{domain:?} is no cookie domain: give a host name such as example.com, without a leading dot, a port or a scheme",
            ),
            Self::NeedsSecure(what) => write!(
                f,
                "{what} needs Secure: leave out insecure(), or change that",
            ),
            Self::HostPrefix(what) => write!(
                f,
                "a name that begins with __Host- needs {what}; begin it with __Secure- instead, or change that",
            ),
            Self::Chunks(chunks) => write!(
                f,
                "{chunks} chunks are not offered: ask for 2 to {}",
                SessionCookie::MAX_CHUNKS,
            ),
            Self::RemixChunks => f.write_str("remix does not read a value that is split over several cookies: leave out chunks()"),
            Self::Random => f.write_str("the operating system gives no random bytes"),
            Self::Derivation => f.write_str("no key could be derived from the secret"),
        }
    }
}

/// Prints the message: it is what a `main` shows that returns the error.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigError {}

/// Lets [`SessionCookie::new`] take a [`Secret`] as well as what becomes one.
impl From<Infallible> for ConfigError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
