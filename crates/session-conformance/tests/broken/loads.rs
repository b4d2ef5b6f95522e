//! Loads that do not return what is stored.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{RecordKey, RecordStore, StoreError, StoreErrorKind};
use tokio::time::sleep;

use crate::flaw::{Case, Flaw, Loaded, Put, Write, case};
use crate::plain::{Plain, name};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<UnknownIsAnError>(
            "\"Not found\" is an error.",
            "record/conditions/an_unknown_key_has_no_record",
        ),
        case::<LoadCountsUp>(
            "Every load gives the record a new version.",
            "record/conditions/loading_changes_nothing",
        ),
        case::<LoadsInTwoSteps>(
            "Asks for the version, and then for the body.",
            "record/races/a_load_never_sees_half_a_write",
        ),
        case::<ReadsFromAReplica>(
            "Loads come from a replica, which is one write behind.",
            "record/conditions/a_load_sees_every_answered_write",
        ),
    ]
}

#[derive(Debug, Default)]
struct UnknownIsAnError;

#[async_trait]
impl Flaw for UnknownIsAnError {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        let missing = || StoreError::new(StoreErrorKind::Unavailable, "no rows");
        plain.load(key).await?.map(Some).ok_or_else(missing)
    }
}

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
        Ok(state.get(&name(key)).map(crate::plain::Entry::record))
    }
}

#[derive(Debug, Default)]
struct LoadsInTwoSteps;

#[async_trait]
impl Flaw for LoadsInTwoSteps {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        let Some(first) = plain.load(key).await? else {
            return Ok(None);
        };
        // Long enough for a write to come in between, on a busy machine too.
        sleep(Duration::from_millis(2)).await;
        let second = plain.load(key).await?;
        Ok(second.map(|mut record| {
            record.version = first.version;
            record
        }))
    }
}

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

    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let before = plain.load(key).await;
        self.0.lock().unwrap().push((key.clone(), before));
        plain.write(key, Write(body, ttl, condition))
    }
}
