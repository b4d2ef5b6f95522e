//! Keys for each purpose, derived from a secret by HKDF-SHA256 (RFC 5869).

use ring::aead;
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::hmac;

use crate::{ConfigError, Secret};

/// Separates these keys from those that the application derives from the same secret, and from
/// those of a later version.
const SALT: &[u8] = b"session-cookie/1";

/// Says in a sealed value which secret made it. It tells nothing else about the secret.
pub(crate) type KeyId = [u8; 6];

/// Drawn when a process seals its first message, so that a key seals the messages of one process.
pub(crate) type KeySalt = [u8; 9];

/// A secret from which keys can be derived.
///
/// The cookie's name is part of each derivation: a value that was made for one cookie is worth
/// nothing in another. A name cannot hold a `/`, so no two derivations have the same info.
#[derive(Clone)]
pub(crate) struct Master(Prk);

impl Master {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(Salt::new(HKDF_SHA256, SALT).extract(secret.bytes()))
    }

    pub(crate) fn key_id(&self) -> Result<KeyId, Unspecified> {
        self.expand(&[b"key-id"])
    }

    pub(crate) fn signing(&self, name: &str) -> Result<hmac::Key, ConfigError> {
        let key = self.expand::<32>(&[b"sign/", name.as_bytes()]);
        let key = key.map_err(|_| ConfigError::Derivation)?;
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &key))
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
