//! Keys that are taken for others.

use std::marker::PhantomData;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{Condition, RecordKey, RecordStore, SessionId, StoreError, StoreErrorKind};

use super::{Case, Flaw, Loaded, Plain, Put, case};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<Instead<HalfTheDigest>>("record/keys_that_differ_in_one_bit_are_separate"),
        case::<Instead<FirstHundredBytes>>("record/keys_at_their_longest"),
        case::<Instead<LowerCase>>("record/keys_of_any_printable_form"),
        case::<HoldsFourHundred>("record/many_keys"),
    ]
}

/// Uses another key in the place of the one that it is given.
#[derive(Debug, Default)]
struct Instead<K>(PhantomData<K>);

trait Other: std::fmt::Debug + Default + Send + Sync + 'static {
    fn other(key: &RecordKey) -> RecordKey;
}

fn plain_key(text: &str) -> RecordKey {
    RecordKey::plain_of(&SessionId::parse_foreign(text).unwrap())
}

/// Takes half of the digest for the key: "that is long enough".
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

/// Keeps keys in a column of 100 characters.
#[derive(Debug, Default)]
struct FirstHundredBytes;

impl Other for FirstHundredBytes {
    fn other(key: &RecordKey) -> RecordKey {
        let text = key.plain().map(|id| &id[..id.len().min(100)]);
        text.map_or(key.clone(), plain_key)
    }
}

/// Keeps keys in a column that compares without regard to case.
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

    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        plain.put(&K::other(key), body, ttl, condition).await
    }

    async fn remove(&self, plain: &Plain, key: &RecordKey) -> Result<bool, StoreError> {
        plain.remove(&K::other(key)).await
    }
}

/// Has room for 400 records.
#[derive(Debug, Default)]
struct HoldsFourHundred;

#[async_trait]
impl Flaw for HoldsFourHundred {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        if plain.lock().records.len() >= 400 {
            return Err(StoreError::new(
                StoreErrorKind::Unavailable,
                "out of memory",
            ));
        }
        plain.put(key, body, ttl, condition).await
    }
}
