#![doc = include_str!("../README.md")]

mod attributes;
mod base64url;
mod chunks;
mod config_error;
mod cookie;
mod cookie_value;
mod former;
mod header;
mod keys;
mod protection;
mod read;
mod remix;
mod sealed;
mod secret;
mod set_cookie;
mod signed;
mod storage;

pub use attributes::SameSite;
pub use config_error::ConfigError;
pub use cookie::SessionCookie;
pub use cookie_value::CookieValue;
pub use former::FormerCookie;
pub use secret::Secret;
pub use storage::CookieStorage;
