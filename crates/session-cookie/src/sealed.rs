//! Sealed values: unreadable, known to be ours, and over at their deadline. `docs/formats.md` has the format.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::aead::{self, Aad, LessSafeKey, NONCE_LEN, Nonce};
use ring::error::Unspecified;
use ring::rand::{SecureRandom as _, SystemRandom};
use session_core::{Error, Result};

use crate::keys::{KeyId, KeySalt, Master};
use crate::{ConfigError, Opened, Secret, base64url};

const MARKER: &str = "e1.";
const HEAD: usize = size_of::<KeyId>() + size_of::<KeySalt>() + NONCE_LEN;
/// The head is a multiple of three bytes, so that its text and the rest's can be decoded apart.
const HEAD_CHARS: usize = HEAD / 3 * 4;
const DEADLINE: usize = size_of::<u64>();
const TAG: usize = aead::MAX_TAG_LEN;

/// A key with random nonces stays safe for so many messages (NIST SP 800-38D, 8.3).
const MESSAGES_A_KEY: u64 = 1 << 32;

/// Seals with its first secret, opens with any.
///
/// A sealer seals under a key of its own, derived with a salt that is drawn when it is made. So the limit on messages counts
/// from each start of each process, not over a secret's whole life on all servers. Past the limit each message gets a salt,
/// and so a key, to itself.
pub(crate) struct Sealer {
    name: String,
    associated: String,
    ring: Vec<(KeyId, Master)>,
    salt: KeySalt,
    key: LessSafeKey,
    sealed: AtomicU64,
    random: SystemRandom,
}

impl Sealer {
    pub(crate) fn new(secrets: &[Secret], name: &str) -> Result<Self, ConfigError> {
        let random = SystemRandom::new();
        let mut salt = KeySalt::default();
        random.fill(&mut salt).map_err(|_| ConfigError::Random)?;
        Self::with_salt(secrets, name, salt, random)
    }

    fn with_salt(
        secrets: &[Secret],
        name: &str,
        salt: KeySalt,
        random: SystemRandom,
    ) -> Result<Self, ConfigError> {
        let keyed = |secret| {
            let master = Master::new(secret);
            Ok((master.key_id()?, master))
        };
        let ring: Vec<_> = secrets
            .iter()
            .map(keyed)
            .collect::<Result<_, Unspecified>>()
            .map_err(|_| ConfigError::Derivation)?;
        let (_, newest) = ring.first().ok_or(ConfigError::NoSecret)?;
        Ok(Self {
            key: newest
                .sealing(name, &salt)
                .map_err(|_| ConfigError::Derivation)?,
            associated: format!("session-cookie/1/seal/{name}"),
            name: name.to_owned(),
            ring,
            salt,
            sealed: AtomicU64::new(0),
            random,
        })
    }

    /// Appends `value`, sealed until `deadline`, to `text`.
    pub(crate) fn seal(&self, value: &str, deadline: SystemTime, text: &mut String) -> Result<()> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| Error::Random)?;
        let sealed = if self.sealed.fetch_add(1, Ordering::Relaxed) < MESSAGES_A_KEY {
            self.seal_under(&self.key, self.salt, nonce, value, deadline)
        } else {
            let mut salt = KeySalt::default();
            self.random.fill(&mut salt).map_err(|_| Error::Random)?;
            self.newest()
                .and_then(|(_, master)| master.sealing(&self.name, &salt))
                .and_then(|key| self.seal_under(&key, salt, nonce, value, deadline))
        };
        let sealed = sealed.map_err(|_| Error::Unsupported("this value cannot be sealed"))?;
        text.push_str(MARKER);
        base64url::append(&sealed, text);
        Ok(())
    }

    fn newest(&self) -> Result<&(KeyId, Master), Unspecified> {
        self.ring.first().ok_or(Unspecified)
    }

    fn seal_under(
        &self,
        key: &LessSafeKey,
        salt: KeySalt,
        nonce: [u8; NONCE_LEN],
        value: &str,
        deadline: SystemTime,
    ) -> Result<Vec<u8>, Unspecified> {
        let mut sealed = Vec::with_capacity(HEAD + value.len() + DEADLINE + TAG);
        sealed.extend_from_slice(&self.newest()?.0);
        sealed.extend_from_slice(&salt);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(value.as_bytes());
        // At the end, so that an opened value starts where its buffer does.
        sealed.extend_from_slice(&millis(deadline).to_be_bytes());
        let (_, body) = sealed.split_at_mut_checked(HEAD).ok_or(Unspecified)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = key.seal_in_place_separate_tag(nonce, self.associated(), body)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    pub(crate) fn open(&self, text: &[u8], now: SystemTime) -> Opened<'static> {
        let Some(sealed) = Sealed::parse(text) else {
            return Opened::Malformed;
        };
        let Some((value, deadline)) = self.unseal(sealed) else {
            return Opened::Forged;
        };
        if deadline <= millis(now) {
            return Opened::Expired;
        }
        match String::from_utf8(value) {
            Ok(value) => Opened::Valid(Cow::Owned(value)),
            Err(_) => Opened::Malformed,
        }
    }

    fn unseal(&self, sealed: Sealed) -> Option<(Vec<u8>, u64)> {
        let at = self.ring.iter().position(|(id, _)| *id == sealed.key_id)?;
        let derived;
        let key = if at == 0 && sealed.salt == self.salt {
            &self.key
        } else {
            let (_, master) = self.ring.get(at)?;
            derived = master.sealing(&self.name, &sealed.salt).ok()?;
            &derived
        };
        let nonce = Nonce::assume_unique_for_key(sealed.nonce);
        let mut body = sealed.body;
        let opened = key
            .open_in_place(nonce, self.associated(), &mut body)
            .ok()?;
        let (value, deadline) = opened.split_last_chunk::<DEADLINE>()?;
        let (length, deadline) = (value.len(), u64::from_be_bytes(*deadline));
        body.truncate(length);
        Some((body, deadline))
    }

    fn associated(&self) -> Aad<&[u8]> {
        Aad::from(self.associated.as_bytes())
    }
}

/// A sealed value, taken apart.
struct Sealed {
    key_id: KeyId,
    salt: KeySalt,
    nonce: [u8; NONCE_LEN],
    body: Vec<u8>,
}

impl Sealed {
    fn parse(text: &[u8]) -> Option<Self> {
        let text = text.strip_prefix(MARKER.as_bytes())?;
        let (head, body) = text.split_at_checked(HEAD_CHARS)?;
        let head = base64url::decode_array::<HEAD>(head)?;
        let (key_id, rest) = head.split_first_chunk()?;
        let (salt, nonce) = rest.split_first_chunk()?;
        let body = base64url::decode(body)?;
        (body.len() >= DEADLINE + TAG).then_some(Self {
            key_id: *key_id,
            salt: *salt,
            nonce: nonce.try_into().ok()?,
            body,
        })
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    const YEAR_2100: Duration = Duration::from_millis(4_102_444_800_000);

    fn sealer(secrets: &[&str]) -> Sealer {
        let secrets: Vec<_> = secrets
            .iter()
            .map(|secret| Secret::of_any_length(secret.as_bytes()).unwrap())
            .collect();
        Sealer::new(&secrets, "id").unwrap()
    }

    fn seal(sealer: &Sealer, value: &str) -> String {
        let mut text = String::new();
        sealer
            .seal(value, UNIX_EPOCH + YEAR_2100, &mut text)
            .unwrap();
        text
    }

    fn open(sealer: &Sealer, text: &str) -> Opened<'static> {
        sealer.open(text.as_bytes(), UNIX_EPOCH)
    }

    #[derive(Deserialize)]
    struct Known {
        name: String,
        secret: String,
        value: String,
        deadline_ms: u64,
        salt: String,
        nonce: String,
        cookie: String,
    }

    fn unhex<const N: usize>(hex: &str) -> [u8; N] {
        std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
    }

    #[test]
    fn known_answers() {
        let known: Vec<Known> =
            serde_json::from_str(include_str!("../tests/known/sealed.json")).unwrap();
        for known in known {
            let secret = Secret::from_text(&known.secret).unwrap();
            let salt = unhex(&known.salt);
            let sealer =
                Sealer::with_salt(&[secret], &known.name, salt, SystemRandom::new()).unwrap();
            let deadline = UNIX_EPOCH + Duration::from_millis(known.deadline_ms);
            let sealed = sealer
                .seal_under(
                    &sealer.key,
                    salt,
                    unhex(&known.nonce),
                    &known.value,
                    deadline,
                )
                .unwrap();
            let mut text = MARKER.to_owned();
            base64url::append(&sealed, &mut text);
            assert_eq!(text, known.cookie);
        }
    }

    #[test]
    fn what_was_sealed_opens_in_every_process_and_never_looks_the_same() {
        let (one, other) = (sealer(&["one"]), sealer(&["one"]));
        let (first, second) = (seal(&one, "value"), seal(&one, "value"));
        assert_ne!(first, second);
        for text in [first, second] {
            assert_eq!(open(&one, &text).value(), Some("value"));
            assert_eq!(open(&other, &text).value(), Some("value"));
        }
    }

    #[test]
    fn an_older_secret_opens_and_no_longer_seals() {
        let old = seal(&sealer(&["old"]), "value");
        let both = sealer(&["new", "old"]);
        assert_eq!(open(&both, &old).value(), Some("value"));
        let new = seal(&both, "value");
        assert_eq!(open(&sealer(&["old"]), &new), Opened::Forged);
        assert_eq!(open(&sealer(&["new"]), &new).value(), Some("value"));
    }

    #[test]
    fn past_the_limit_each_message_has_a_key_to_itself() {
        let sealer = sealer(&["one"]);
        let head = |text: &str| text[..MARKER.len() + 20].to_owned();
        let (a, b) = (seal(&sealer, "value"), seal(&sealer, "value"));
        assert_eq!(head(&a), head(&b));
        sealer.sealed.store(MESSAGES_A_KEY, Ordering::Relaxed);
        let (c, d) = (seal(&sealer, "value"), seal(&sealer, "value"));
        assert_ne!(head(&b), head(&c));
        assert_ne!(head(&c), head(&d));
        assert_eq!(open(&sealer, &c).value(), Some("value"));
    }

    #[test]
    fn it_is_over_at_its_deadline() {
        let sealer = sealer(&["one"]);
        let text = seal(&sealer, "value");
        let deadline = UNIX_EPOCH + YEAR_2100;
        assert_eq!(sealer.open(text.as_bytes(), deadline), Opened::Expired);
        let before = deadline - Duration::from_millis(1);
        assert_eq!(sealer.open(text.as_bytes(), before).value(), Some("value"));
    }
}
