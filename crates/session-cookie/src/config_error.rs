//! What can be wrong with a cookie's configuration.

use std::convert::Infallible;
use std::fmt;

use crate::{Secret, SessionCookie};

/// Why a [`SessionCookie`] cannot be built as asked.
///
/// The message says what was wrong and what to do. It never holds a secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A secret has fewer bytes than [`Secret::MIN_BYTES`].
    ShortSecret {
        /// How many it has.
        bytes: usize,
    },
    /// A secret repeats a text of fewer bytes than [`Secret::MIN_BYTES`].
    RepeatedSecret {
        /// How many bytes that text has.
        bytes: usize,
    },
    /// The documentation of this library has shown this secret, so everyone knows it.
    PrintedSecret,
    /// No secret was given, or an empty one.
    NoSecret,
    /// This is not a valid cookie name.
    Name(String),
    /// This is not a valid `Path`.
    Path(String),
    /// This is not a valid `Domain`.
    Domain(String),
    /// This setting needs `Secure`, which [`insecure`](SessionCookie::insecure) dropped.
    NeedsSecure(&'static str),
    /// The name begins with `__Host-`, which requires this.
    HostPrefix(&'static str),
    /// This number of chunks is not supported.
    Chunks(usize),
    /// A former cookie of this name is the present one.
    SameFormer(String),
    /// remix does not support chunks.
    RemixChunks,
    /// The operating system gives no random bytes.
    Random,
    /// No key could be derived from the secret. No secret is known to cause this.
    Derivation,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortSecret { bytes } => write!(
                f,
                "the secret has {bytes} bytes, and at least {} are required; make one with `openssl \
                 rand -base64 48`",
                Secret::MIN_BYTES,
            ),
            Self::RepeatedSecret { bytes } => write!(
                f,
                "the secret repeats the same {bytes} bytes, and at least {} different ones are \
                 required; make one with `openssl rand -base64 48`",
                Secret::MIN_BYTES,
            ),
            Self::PrintedSecret => f.write_str(
                "the documentation of this library has shown this secret, so everyone knows it; make \
                 one with `openssl rand -base64 48` and keep it out of the source, or use \
                 Secret::random() where sessions may end with the process",
            ),
            Self::NoSecret => {
                f.write_str("a cookie needs at least one secret, and no secret may be empty")
            }
            Self::Name(name) => write!(
                f,
                "{name:?} is not a valid cookie name: use 1 to 1024 letters, digits and any of \
                 !#$%&'*+-.^_`|~",
            ),
            Self::Path(path) => write!(
                f,
                "{path:?} is not a valid cookie path: it must begin with '/' and hold at most 1024 \
                 characters of visible ASCII other than ';'",
            ),
            Self::Domain(domain) => write!(
                f,
                "{domain:?} is not a valid cookie domain: use a host name such as example.com, without \
                 a leading dot, a port or a scheme",
            ),
            Self::NeedsSecure(what) => {
                write!(f, "{what} needs Secure: remove insecure(), or change that setting",)
            }
            Self::HostPrefix(what) => write!(
                f,
                "a name that begins with __Host- needs {what}; use the prefix __Secure- instead, or \
                 change that setting",
            ),
            Self::Chunks(chunks) => write!(
                f,
                "{chunks} chunks are not supported: use 2 to {}",
                SessionCookie::MAX_CHUNKS,
            ),
            Self::SameFormer(name) => write!(
                f,
                "the former cookie {name:?} has the name, path, domain and partition of the present \
                 one, so removing it would log everyone out; give it the attributes of the earlier \
                 release, and call former() after the methods that set the present ones",
            ),
            Self::RemixChunks => f.write_str(
                "remix does not read a value that is split over several cookies: remove chunks()",
            ),
            Self::Random => f.write_str("the operating system gives no random bytes"),
            Self::Derivation => f.write_str("no key could be derived from the secret"),
        }
    }
}

/// Prints the message, so that a `main` that returns the error shows it.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigError {}

/// Lets [`SessionCookie::new`] take a [`Secret`] as well as text and bytes.
impl From<Infallible> for ConfigError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
