//! Keys that are taken for others.

use std::marker::PhantomData;

use async_trait::async_trait;
use session_core::{RecordKey, RecordStore, SessionId, StoreError, StoreErrorKind};

use crate::flaw::{Case, Flaw, Loaded, Put, Write, case};
use crate::plain::Plain;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<Instead<HalfTheDigest>>(
            "Takes half of the digest for the key: \"that is long enough\".",
            "record/keys/keys_that_differ_in_one_bit_are_separate",
        ),
        case::<Instead<FirstHundredBytes>>(
            "Keeps keys in a column of 100 characters.",
            "record/keys/keys_of_the_maximum_length",
        ),
        case::<Instead<LowerCase>>(
            "Keeps keys in a column that compares without regard to case.",
            "record/keys/keys_of_any_printable_text",
        ),
        case::<HoldsFourHundred>("Holds 400 records at most.", "record/keys/many_keys"),
    ]
}

/// Uses another key instead of the one that it is given.
#[derive(Debug, Default)]
struct Instead<K>(PhantomData<K>);

trait Other: std::fmt::Debug + Default + Send + Sync + 'static {
    fn other(key: &RecordKey) -> RecordKey;
}

fn plain_key(text: &str) -> RecordKey {
    RecordKey::plain_of(&SessionId::parse_foreign(text).unwrap())
}

#[derive(Debug, Default)]
struct HalfTheDigest;

impl Other for HalfTheDigest {
    fn other(key: &RecordKey) -> RecordKey {
        match key.plain() {
            Some(_) => key.clone(),
            None => plain_key(&key.hex()[..32]),
        }
    }
}

#[derive(Debug, Default)]
struct FirstHundredBytes;

impl Other for FirstHundredBytes {
    fn other(key: &RecordKey) -> RecordKey {
        let text = key.plain().map(|id| &id[..id.len().min(100)]);
        text.map_or(key.clone(), plain_key)
    }
}

#[derive(Debug, Default)]
struct LowerCase;

impl Other for LowerCase {
    fn other(key: &RecordKey) -> RecordKey {
        let text = key.plain().map(str::to_lowercase);
        text.map_or(key.clone(), |text| plain_key(&text))
    }
}

#[async_trait]
impl<K: Other> Flaw for Instead<K> {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        plain.load(&K::other(key)).await
    }

    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        plain.put(&K::other(key), body, ttl, condition).await
    }

    async fn remove(&self, plain: &Plain, key: &RecordKey) -> Result<bool, StoreError> {
        plain.remove(&K::other(key)).await
    }
}

#[derive(Debug, Default)]
struct HoldsFourHundred;

#[async_trait]
impl Flaw for HoldsFourHundred {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        if plain.lock().records.len() >= 400 {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "out of memory"));
        }
        plain.write(key, Write(body, ttl, condition))
    }
}
