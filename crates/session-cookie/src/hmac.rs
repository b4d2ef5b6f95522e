//! HMAC-SHA256 (RFC 2104), under a key that stays.

use constant_time_eq::constant_time_eq;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::ConfigError;

pub(crate) type Tag = [u8; 32];

/// A key whose own blocks are hashed already. ring has those too, and takes 60 ns more around each message.
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// A key of any length.
    pub(crate) fn new(key: &[u8]) -> Result<Self, ConfigError> {
        let key = Hmac::new_from_slice(key);
        key.map(Self).map_err(|_| ConfigError::Derivation)
    }

    pub(crate) fn tag(&self, message: &[u8]) -> Tag {
        self.0
            .clone()
            .chain_update(message)
            .finalize()
            .into_bytes()
            .into()
    }
}

/// Whether they are the same, in a time that does not tell how much of them is.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    constant_time_eq(one, other)
}
