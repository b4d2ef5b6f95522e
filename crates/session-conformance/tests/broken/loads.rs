//! Loads that do not say what stands there.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{Condition, Record, RecordKey, RecordStore, StoreError, StoreErrorKind};
use tokio::task::yield_now;

use super::plain::name;
use super::{Case, Flaw, Loaded, Plain, Put, case};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<UnknownIsAnError>("record/an_unknown_key_holds_nothing"),
        case::<LoadCountsUp>("record/loading_changes_nothing"),
        case::<LoadsInTwoSteps>("record/a_load_sees_one_whole_write"),
        case::<ReadsFromAReplica>("record/a_load_sees_the_last_answered_write"),
        case::<AnswersFromACache>("record/load_now_says_what_load_says"),
    ]
}

/// "Not found" is an error.
#[derive(Debug, Default)]
struct UnknownIsAnError;

#[async_trait]
impl Flaw for UnknownIsAnError {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        let missing = || StoreError::new(StoreErrorKind::Unavailable, "no rows");
        plain.load(key).await?.map(Some).ok_or_else(missing)
    }
}

/// Every load gives the record a new version.
#[derive(Debug, Default)]
struct LoadCountsUp;

#[async_trait]
impl Flaw for LoadCountsUp {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        let mut state = plain.lock();
        state.next += 1;
        let next = state.next;
        if let Some(entry) = state.records.get_mut(&name(key)) {
            entry.version = next;
        }
        Ok(state.get(&name(key)).map(super::plain::Entry::record))
    }
}

/// Asks for the version, and then for the body.
#[derive(Debug, Default)]
struct LoadsInTwoSteps;

#[async_trait]
impl Flaw for LoadsInTwoSteps {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        let Some(first) = plain.load(key).await? else {
            return Ok(None);
        };
        yield_now().await;
        let second = plain.load(key).await?;
        Ok(second.map(|mut record| {
            record.version = first.version;
            record
        }))
    }
}

/// Loads come from a replica, which is one write behind.
#[derive(Debug, Default)]
struct ReadsFromAReplica(Mutex<Vec<(RecordKey, Loaded)>>);

#[async_trait]
impl Flaw for ReadsFromAReplica {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        let behind = {
            let mut replica = self.0.lock().unwrap();
            let place = replica.iter().position(|(known, _)| known == key);
            place.map(|place| replica.swap_remove(place).1)
        };
        match behind {
            Some(old) => old,
            None => plain.load(key).await,
        }
    }

    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let before = plain.load(key).await;
        self.0.lock().unwrap().push((key.clone(), before));
        plain.put(key, body, ttl, condition).await
    }
}

/// Answers at once with what it found first, and nobody tells it of writes.
#[derive(Debug, Default)]
struct AnswersFromACache(Mutex<HashMap<String, Option<Record>>>);

#[async_trait]
impl Flaw for AnswersFromACache {
    fn load_now(&self, plain: &Plain, key: &RecordKey) -> Option<Loaded> {
        let mut cache = self.0.lock().unwrap();
        let found = cache.entry(name(key)).or_insert_with(|| plain.found(key));
        Some(Ok(found.clone()))
    }
}
