//! HMAC-SHA256 (RFC 2104), under a key that stays.

use constant_time_eq::constant_time_eq;
use hmac::KeyInit as _;
use hmac::block_api::HmacCore;
use hmac::digest::Output;
use hmac::digest::block_api::{Buffer, FixedOutputCore as _, UpdateCore as _};
use sha2::Sha256;

use crate::ConfigError;

pub(crate) type Tag = [u8; 32];

type Hmac = HmacCore<Sha256>;

/// A key whose own blocks are hashed already. ring has those too, and takes 75 ns more around each message; the hasher that keeps a
/// buffer beside this, 17.
pub(crate) struct SigningKey(Hmac);

impl SigningKey {
    /// A key of any length.
    pub(crate) fn new(key: &[u8]) -> Result<Self, ConfigError> {
        let key = Hmac::new_from_slice(key);
        key.map(Self).map_err(|_| ConfigError::Derivation)
    }

    pub(crate) fn tag(&self, message: &[u8]) -> Tag {
        let mut hmac = self.0.clone();
        let mut rest = Buffer::<Hmac>::default();
        rest.digest_blocks(message, |blocks| hmac.update_blocks(blocks));
        let mut tag = Output::<Hmac>::default();
        hmac.finalize_fixed_core(&mut rest, &mut tag);
        tag.into()
    }
}

/// Whether they are the same, in a time that does not tell how much of them is.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    constant_time_eq(one, other)
}
