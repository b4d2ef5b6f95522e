#![doc = include_str!("../README.md")]

mod attributes;
mod base64url;
mod chunks;
mod config_error;
mod cookie;
mod header;
mod keys;
mod opened;
mod remix;
mod sealed;
mod secret;
mod set_cookie;
mod signed;

pub use attributes::SameSite;
pub use config_error::ConfigError;
pub use cookie::SessionCookie;
pub use opened::Opened;
pub use secret::Secret;

/// What a cookie carries, until session-core publishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieContent {
    /// An id.
    Id,
    /// The data.
    Data,
}
