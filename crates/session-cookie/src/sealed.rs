//! Sealed values: unreadable, proved to be ours, and expired at their deadline. `docs/formats.md`
//! has the format.
//!
//! A nonce must never be used twice under one key: that would reveal content and allow forgeries.
//! Each nonce is random and comes from the operating system, so a process that was forked or
//! restored from a snapshot does not repeat the nonces of its original. NIST SP 800-38D, section
//! 8.3, allows 2^32 messages under one key with random nonces.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::aead::{self, Aad, LessSafeKey, NONCE_LEN, Nonce};
use ring::error::Unspecified;
use ring::rand::{SecureRandom as _, SystemRandom};
use session_core::{Error, Result};

use crate::keys::{KeyId, KeySalt, Master};
use crate::{ConfigError, CookieValue, Secret, base64url};

const MARKER: &str = "e1.";
const HEAD: usize = size_of::<KeyId>() + size_of::<KeySalt>() + NONCE_LEN;
const DEADLINE: usize = size_of::<u64>();
const TAG: usize = aead::MAX_TAG_LEN;

const MESSAGES_PER_KEY: u64 = 1 << 32;

/// Seals with its first secret, opens with any.
///
/// A process derives the key that it seals with when it seals its first message, with a random
/// salt. So the limit on messages counts from the start of each process, not over the lifetime of
/// the secret on all servers. Beyond the limit, each message gets a salt, and so a key, of its own.
/// Copies of a process that are made after its first message share its key; their nonces differ.
pub(crate) struct Sealer {
    name: String,
    associated: String,
    secrets: Vec<(KeyId, Master)>,
    own: OnceLock<SealingKey>,
    sealed: AtomicU64,
    random: SystemRandom,
}

/// A key to seal with, and what it was derived from.
struct SealingKey {
    id: KeyId,
    salt: KeySalt,
    key: LessSafeKey,
}

impl Sealer {
    pub(crate) fn new(secrets: &[Secret], name: &str) -> Result<Self, ConfigError> {
        let secrets = secrets.iter().map(|secret| {
            let master = Master::new(secret);
            let id = master.key_id().map_err(|_| ConfigError::Derivation)?;
            Ok((id, master))
        });
        Ok(Self {
            name: name.to_owned(),
            associated: format!("e1{name}"),
            secrets: secrets.collect::<Result<_, ConfigError>>()?,
            own: OnceLock::new(),
            sealed: AtomicU64::new(0),
            random: SystemRandom::new(),
        })
    }

    /// `value`, sealed until `deadline`.
    pub(crate) fn seal(&self, value: &str, deadline: SystemTime) -> Result<String> {
        let nonce = self.random()?;
        let sealed = if self.sealed.fetch_add(1, Ordering::Relaxed) < MESSAGES_PER_KEY {
            self.seal_under(self.own()?, nonce, value, deadline)
        } else {
            self.seal_under(&self.new_key()?, nonce, value, deadline)
        };
        sealed.map_err(|_| Error::Unsupported("this value cannot be sealed"))
    }

    fn own(&self) -> Result<&SealingKey> {
        if let Some(own) = self.own.get() {
            return Ok(own);
        }
        let key = self.new_key()?;
        Ok(self.own.get_or_init(|| key))
    }

    fn new_key(&self) -> Result<SealingKey> {
        self.key(self.random()?)
            .map_err(|_| Error::Unsupported("no key can be derived from the cookie's secret"))
    }

    fn key(&self, salt: KeySalt) -> Result<SealingKey, Unspecified> {
        let (id, newest) = self.secrets.first().ok_or(Unspecified)?;
        let key = newest.sealing(&self.name, &salt)?;
        Ok(SealingKey { id: *id, salt, key })
    }

    fn random<const N: usize>(&self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        match self.random.fill(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(_) => Err(Error::Random),
        }
    }

    fn seal_under(
        &self,
        SealingKey { id, salt, key }: &SealingKey,
        nonce: [u8; NONCE_LEN],
        value: &str,
        deadline: SystemTime,
    ) -> Result<String, Unspecified> {
        let mut sealed = Vec::with_capacity(HEAD + value.len() + DEADLINE + TAG);
        sealed.extend([&id[..], salt, &nonce].concat());
        sealed.extend(value.as_bytes());
        sealed.extend(millis(deadline).to_be_bytes());
        let (_, body) = sealed.split_at_mut_checked(HEAD).ok_or(Unspecified)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = key.seal_in_place_separate_tag(nonce, self.associated(), body)?;
        sealed.extend(tag.as_ref());
        let mut text = String::with_capacity(MARKER.len() + (sealed.len() * 4).div_ceil(3));
        text.push_str(MARKER);
        base64url::append(sealed, &mut text);
        Ok(text)
    }

    pub(crate) fn open(&self, text: &[u8], now: SystemTime) -> CookieValue<'static> {
        let Some(sealed) = Sealed::parse(text) else {
            return CookieValue::Malformed;
        };
        let Some((value, deadline)) = self.unseal(sealed) else {
            return CookieValue::Forged;
        };
        if deadline <= millis(now) {
            return CookieValue::Expired;
        }
        match String::from_utf8(value) {
            Ok(value) => CookieValue::Valid(Cow::Owned(value)),
            Err(_) => CookieValue::Malformed,
        }
    }

    /// The value and its deadline.
    fn unseal(&self, sealed: Sealed) -> Option<(Vec<u8>, u64)> {
        let derived;
        let key = match self.own.get() {
            Some(own) if own.salt == sealed.salt && own.id == sealed.key_id => &own.key,
            _ => {
                let mut secrets = self.secrets.iter();
                let (_, master) = secrets.find(|(id, _)| *id == sealed.key_id)?;
                derived = master.sealing(&self.name, &sealed.salt).ok()?;
                &derived
            }
        };
        let nonce = Nonce::assume_unique_for_key(sealed.nonce);
        let mut body = sealed.body;
        let opened = key.open_in_place(nonce, self.associated(), &mut body).ok()?;
        let (value, deadline) = opened.split_last_chunk::<DEADLINE>()?;
        let (length, deadline) = (value.len(), u64::from_be_bytes(*deadline));
        body.truncate(length);
        Some((body, deadline))
    }

    /// What is sealed, in which version, and for which cookie.
    fn associated(&self) -> Aad<&[u8]> {
        Aad::from(self.associated.as_bytes())
    }
}

/// The parts of a sealed value.
struct Sealed {
    key_id: KeyId,
    salt: KeySalt,
    nonce: [u8; NONCE_LEN],
    body: Vec<u8>,
}

impl Sealed {
    fn parse(text: &[u8]) -> Option<Self> {
        let bytes = base64url::decode(text.strip_prefix(MARKER.as_bytes())?)?;
        let (key_id, rest) = bytes.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (nonce, body) = rest.split_first_chunk()?;
        (body.len() >= DEADLINE + TAG).then(|| Self {
            key_id: *key_id,
            salt: *salt,
            nonce: *nonce,
            body: body.to_vec(),
        })
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let whole = since.as_secs().saturating_mul(1000);
    whole.saturating_add(u64::from(since.subsec_millis()))
}

#[cfg(test)]
#[path = "../tests/unit/sealed.rs"]
mod tests;
