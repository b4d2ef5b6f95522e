//! Keys for each purpose, derived from a secret by HKDF-SHA256 (RFC 5869).

use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::{aead, hmac};

use crate::Secret;

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
        let mut id = KeyId::default();
        self.0
            .expand(&[b"key-id"], Length(id.len()))?
            .fill(&mut id)?;
        Ok(id)
    }

    pub(crate) fn signing(&self, name: &str) -> Result<hmac::Key, Unspecified> {
        let info = [b"sign/", name.as_bytes()];
        Ok(self.0.expand(&info, hmac::HMAC_SHA256)?.into())
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
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}
