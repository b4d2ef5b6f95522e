//! Keys for each purpose, derived from a secret by HKDF-SHA256 (RFC 5869).

use ring::aead;
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

use crate::hmac::SigningKey;
use crate::{ConfigError, Secret};

/// Tells these keys from whatever else the secret is used for, and this version's from a later one's.
const SALT: &[u8] = b"session-cookie/1";

/// Tells in a sealed value which secret made it, and tells nothing else about the secret.
pub(crate) type KeyId = [u8; 6];

/// Makes a key of its own for every process that seals, so that none seals more than it safely can.
pub(crate) type KeySalt = [u8; 9];

/// A secret, ready to have keys derived from it.
///
/// The cookie's name is part of each derivation: a value that was made for one cookie means nothing in another. No name holds
/// a `/`, so no two derivations have the same info.
#[derive(Clone)]
pub(crate) struct Master(Prk);

impl Master {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(Salt::new(HKDF_SHA256, SALT).extract(secret.bytes()))
    }

    pub(crate) fn key_id(&self) -> Result<KeyId, Unspecified> {
        self.expand(&[b"key-id"])
    }

    pub(crate) fn signing(&self, name: &str) -> Result<SigningKey, ConfigError> {
        let key = self.expand::<32>(&[b"sign/", name.as_bytes()]);
        let key = key.map_err(|_| ConfigError::Derivation)?;
        Ok(SigningKey::new(&key))
    }

    pub(crate) fn sealing(
        &self,
        name: &str,
        salt: &KeySalt,
    ) -> Result<aead::LessSafeKey, Unspecified> {
        let info = [b"seal/".as_slice(), name.as_bytes(), b"/", salt];
        let key = self.0.expand(&info, &aead::AES_256_GCM)?;
        Ok(aead::LessSafeKey::new(key.into()))
    }

    fn expand<const N: usize>(&self, info: &[&[u8]]) -> Result<[u8; N], Unspecified> {
        let mut bytes = [0; N];
        self.0.expand(info, Length(N))?.fill(&mut bytes)?;
        Ok(bytes)
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}
