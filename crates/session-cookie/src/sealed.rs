//! Sealed values: unreadable, known to be ours, and over at their deadline. `docs/formats.md` has the format.
//!
//! Two values under one key and one nonce tell of each other's content, and how to forge a third. So a nonce begins with the count
//! of the messages under its key, which never comes twice in one process (NIST SP 800-38D, 8.2.1). The key is drawn with the
//! first message, so servers that fork before they answer have one each. Should a process be copied later, with its key and
//! its count, the rest of the nonce tells the copies apart, unless their threads seal in the same nanosecond: it is a hash of
//! the time, under keys that the system gave the thread.

use std::borrow::Cow;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;
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
const DEADLINE: usize = size_of::<u64>();
const TAG: usize = aead::MAX_TAG_LEN;

/// Counted nonces would allow more (NIST SP 800-38D, 8.3), with less of a margin.
const MESSAGES_A_KEY: u64 = 1 << 32;

/// Seals with its first secret, opens with any.
///
/// A sealer seals under a key of its own, derived with a salt that is drawn with its first message. So the limit on messages
/// counts from each start of each process, not over a secret's whole life on all servers. Past the limit each message gets a
/// salt, and so a key, to itself.
pub(crate) struct Sealer {
    name: String,
    associated: String,
    ring: Vec<(KeyId, Master)>,
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
        let keyed = |secret| {
            let master = Master::new(secret);
            Ok((master.key_id()?, master))
        };
        let ring = secrets.iter().map(keyed);
        Ok(Self {
            // What it is, in which version, and whose: of the name that is the default, one block of sixteen bytes.
            associated: format!("e1{name}"),
            name: name.to_owned(),
            ring: ring
                .collect::<Result<_, Unspecified>>()
                .map_err(|_| ConfigError::Derivation)?,
            own: OnceLock::new(),
            sealed: AtomicU64::new(0),
            random: SystemRandom::new(),
        })
    }

    /// Appends `value`, sealed until `deadline`, to `text`.
    pub(crate) fn seal(&self, value: &str, deadline: SystemTime, text: &mut String) -> Result<()> {
        let count = self.sealed.fetch_add(1, Ordering::Relaxed);
        let alone;
        let key = if count < MESSAGES_A_KEY {
            self.own()?
        } else {
            alone = self.draw()?;
            &alone
        };
        self.seal_under(key, nonce(count).as_flattened(), value, deadline, text)
            .map_err(|_| Error::Unsupported("this value cannot be sealed"))
    }

    /// As many bytes as [`seal`](Self::seal) appends for `value`.
    pub(crate) fn length(value: &str) -> usize {
        MARKER.len() + ((HEAD + value.len() + DEADLINE + TAG) * 4).div_ceil(3)
    }

    fn own(&self) -> Result<&SealingKey> {
        if let Some(own) = self.own.get() {
            return Ok(own);
        }
        let drawn = self.draw()?;
        Ok(self.own.get_or_init(|| drawn))
    }

    fn draw(&self) -> Result<SealingKey> {
        let mut salt = KeySalt::default();
        self.random.fill(&mut salt).map_err(|_| Error::Random)?;
        self.salted(salt)
            .map_err(|_| Error::Unsupported("no key can be derived from the cookie's secret"))
    }

    fn salted(&self, salt: KeySalt) -> Result<SealingKey, Unspecified> {
        let (id, newest) = self.ring.first().ok_or(Unspecified)?;
        let key = newest.sealing(&self.name, &salt)?;
        Ok(SealingKey { id: *id, salt, key })
    }

    fn seal_under(
        &self,
        SealingKey { id, salt, key }: &SealingKey,
        nonce: &[u8],
        value: &str,
        deadline: SystemTime,
        text: &mut String,
    ) -> Result<(), Unspecified> {
        let mut sealed = Vec::with_capacity(HEAD + value.len() + DEADLINE + TAG);
        sealed.extend_from_slice(id);
        sealed.extend_from_slice(salt);
        sealed.extend_from_slice(nonce);
        sealed.extend_from_slice(value.as_bytes());
        // At the end, so that an opened value starts where its buffer does.
        sealed.extend_from_slice(&millis(deadline).to_be_bytes());
        let (_, body) = sealed.split_at_mut_checked(HEAD).ok_or(Unspecified)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let tag = key.seal_in_place_separate_tag(nonce, self.associated(), body)?;
        sealed.extend_from_slice(tag.as_ref());
        text.push_str(MARKER);
        base64url::append(&sealed, text);
        Ok(())
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
        let derived;
        let key = match self.own.get() {
            Some(own) if own.salt == sealed.salt && own.id == sealed.key_id => &own.key,
            _ => {
                let (_, master) = self.ring.iter().find(|(id, _)| *id == sealed.key_id)?;
                derived = master.sealing(&self.name, &sealed.salt).ok()?;
                &derived
            }
        };
        let nonce = Nonce::assume_unique_for_key(sealed.nonce);
        let mut bytes = sealed.bytes;
        let opened = key
            .open_within(nonce, self.associated(), &mut bytes, HEAD..)
            .ok()?;
        let (value, deadline) = opened.split_last_chunk::<DEADLINE>()?;
        let (length, deadline) = (value.len(), u64::from_be_bytes(*deadline));
        bytes.truncate(length);
        Some((bytes, deadline))
    }

    fn associated(&self) -> Aad<&[u8]> {
        Aad::from(self.associated.as_bytes())
    }
}

/// Six bytes of the count, and six that differ where a process is copied.
fn nonce(count: u64) -> [[u8; NONCE_LEN / 2]; 2] {
    let [_, _, count @ ..] = count.to_be_bytes();
    let [_, _, noise @ ..] = RandomState::new().hash_one(SystemTime::now()).to_be_bytes();
    [count, noise]
}

/// A sealed value, taken apart.
struct Sealed {
    key_id: KeyId,
    salt: KeySalt,
    nonce: [u8; NONCE_LEN],
    /// All of it: what is sealed comes after the head.
    bytes: Vec<u8>,
}

impl Sealed {
    fn parse(text: &[u8]) -> Option<Self> {
        let bytes = base64url::decode(text.strip_prefix(MARKER.as_bytes())?)?;
        let (key_id, rest) = bytes.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (nonce, body) = rest.split_first_chunk()?;
        (body.len() >= DEADLINE + TAG).then_some(Self {
            key_id: *key_id,
            salt: *salt,
            nonce: *nonce,
            bytes,
        })
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let whole = since.as_secs().saturating_mul(1000);
    whole.saturating_add(u64::from(since.subsec_millis()))
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
            let sealer = Sealer::new(&[secret], &known.name).unwrap();
            let key = sealer.salted(salt).unwrap();
            let nonce: [u8; NONCE_LEN] = unhex(&known.nonce);
            let deadline = UNIX_EPOCH + Duration::from_millis(known.deadline_ms);
            let mut text = String::new();
            sealer
                .seal_under(&key, &nonce, &known.value, deadline, &mut text)
                .unwrap();
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
    fn threads_draw_one_key_and_repeat_no_nonce() {
        const MESSAGES: usize = 2_000;
        let sealer = sealer(&["one"]);
        let head = |text: &str| {
            let sealed = Sealed::parse(text.as_bytes()).unwrap();
            (sealed.salt, sealed.nonce)
        };
        let some = || (0..MESSAGES).map(|_| head(&seal(&sealer, ""))).collect();
        let heads: Vec<Vec<_>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(some)).collect();
            threads.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let mut heads = heads.concat();
        heads.sort_unstable();
        heads.dedup();
        assert_eq!(heads.len(), 8 * MESSAGES);
        assert!(heads.iter().all(|(salt, _)| *salt == heads[0].0));
    }

    /// As after a fork: the same key, and the same count.
    #[test]
    fn a_copy_repeats_no_nonce() {
        let mut nonces: Vec<_> = (0..1_000).map(|_| nonce(7)).collect();
        nonces.sort_unstable();
        nonces.dedup();
        assert_eq!(nonces.len(), 1_000);
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
