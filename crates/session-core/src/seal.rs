//! Encryption under a key derived from a session's id. A reader of the store knows only the id's
//! hash, and so cannot decrypt anything.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, Salt};

use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::random;

/// The purpose of an account's name in a record.
pub(crate) const ACCOUNT_NAME: &str = "account";

/// `text`, sealed for `purpose` by AES-256-GCM (NIST SP 800-38D) under a key that is derived from
/// `id` by HKDF-SHA256 (RFC 5869), as base64url. The nonce comes first.
pub(crate) fn seal(id: &SessionId, purpose: &str, text: &str) -> Result<String> {
    let nonce: [u8; NONCE_LEN] = random::bytes()?;
    let body = encrypt(id, purpose, nonce, text)
        .map_err(|_| Error::Unsupported("a text is too long to be encrypted"))?;
    Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &body].concat()))
}

fn encrypt(
    id: &SessionId,
    purpose: &str,
    nonce: [u8; NONCE_LEN],
    text: &str,
) -> Result<Vec<u8>, Unspecified> {
    let mut body = text.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key(nonce);
    key(id, purpose)?.seal_in_place_append_tag(nonce, Aad::empty(), &mut body)?;
    Ok(body)
}

/// The text that `sealed` holds; `None` if it was not sealed with this id for this purpose.
pub(crate) fn open(id: &SessionId, purpose: &str, sealed: &str) -> Option<String> {
    let mut bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (nonce, body) = bytes.split_first_chunk_mut::<NONCE_LEN>()?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let text = key(id, purpose).ok()?.open_in_place(nonce, Aad::empty(), body).ok()?;
    String::from_utf8(text.to_vec()).ok()
}

fn key(id: &SessionId, purpose: &str) -> Result<LessSafeKey, Unspecified> {
    let secret = Salt::new(HKDF_SHA256, b"session-core").extract(id.as_str().as_bytes());
    let info = [purpose.as_bytes()];
    Ok(LessSafeKey::new(UnboundKey::from(secret.expand(&info, &AES_256_GCM)?)))
}

#[cfg(test)]
#[path = "../tests/unit/seal.rs"]
mod tests;
