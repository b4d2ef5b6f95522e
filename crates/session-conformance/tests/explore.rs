//! The engine, explored: every overlap of two requests with none or one fault, and of three without. And the explorer itself: it
//! finds what a broken store does to the promises, and prints a schedule that shows it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_conformance::Failure;
use session_conformance::explore::{self, Explored, Faults};
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, Version};

/// The simplest store, which keeps its promises but for one defect.
#[derive(Debug)]
struct Store {
    defect: Defect,
    records: Mutex<Records>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    None,
    /// `IfVersion` writes whatever stands there.
    IgnoresTheVersion,
    /// The version after a write is the one before it.
    KeepsTheVersion,
    /// A refused write is reported as stored.
    StoredWhenRefused,
    /// A stored write is reported as refused.
    RefusedWhenStored,
    /// A write is reported as stored, and dropped, if it is not the first at its key.
    DropsRewrites,
    /// A read undoes the last write.
    RollsBack,
    /// A load sees the record as it was before the last write.
    ReadsAReplica,
    /// A load is answered with what was written last, at whichever key.
    CrossesAnswers,
    /// A load that finds a tombstone finds nothing: a store that forgets short-lived records at once.
    ForgetsTombstones,
    /// Flash values are cut off: the body is written anew by a store that thinks that it understands it.
    EmptiesTheFlash,
}

#[derive(Debug, Default)]
struct Records {
    count: u64,
    by_key: HashMap<RecordKey, Kept>,
    last: Option<Bytes>,
}

#[derive(Clone, Debug)]
struct Kept {
    version: u64,
    body: Bytes,
    before: Option<Bytes>,
}

impl Store {
    fn with(defect: Defect) -> Arc<dyn RecordStore> {
        Arc::new(Self {
            defect,
            records: Mutex::default(),
        })
    }
}

fn holds_tombstone(body: &[u8]) -> bool {
    body.windows(8).any(|part| part == b"\"kind\":\"")
}

#[async_trait]
impl RecordStore for Store {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let mut records = self.records.lock().unwrap();
        let last = records.last.clone();
        let Some(kept) = records.by_key.get_mut(key) else {
            return Ok(None);
        };
        let mut body = kept.body.clone();
        match self.defect {
            Defect::ReadsAReplica => body = kept.before.clone().unwrap_or(body),
            Defect::CrossesAnswers => body = last.unwrap_or(body),
            Defect::RollsBack => kept.body = kept.before.clone().unwrap_or(body.clone()),
            Defect::ForgetsTombstones if holds_tombstone(&body) => return Ok(None),
            _ => {}
        }
        Ok(Some(Record {
            body,
            version: Version::from(kept.version),
        }))
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        _: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let mut records = self.records.lock().unwrap();
        let now = records.by_key.get(key).cloned();
        let version = now.as_ref().map(|kept| Version::from(kept.version));
        let holds = match condition {
            Condition::IfAbsent => now.is_none(),
            Condition::IfVersion(_) if self.defect == Defect::IgnoresTheVersion => true,
            Condition::IfVersion(expected) => version == Some(expected),
        };
        records.count += 1;
        let mut version = records.count;
        if !holds {
            return Ok(match self.defect {
                Defect::StoredWhenRefused => PutOutcome::Stored(Version::from(version)),
                _ => PutOutcome::Refused,
            });
        }
        if self.defect == Defect::DropsRewrites && now.is_some() {
            return Ok(PutOutcome::Stored(Version::from(version)));
        }
        if let Some(now) = now
            .as_ref()
            .filter(|_| self.defect == Defect::KeepsTheVersion)
        {
            version = now.version;
        }
        let kept = Kept {
            version,
            body: match self.defect {
                Defect::EmptiesTheFlash => without_flash(&body),
                _ => body,
            },
            before: now.map(|kept| kept.body),
        };
        records.last = Some(kept.body.clone());
        records.by_key.insert(key.clone(), kept);
        Ok(match self.defect {
            Defect::RefusedWhenStored => PutOutcome::Refused,
            _ => PutOutcome::Stored(Version::from(version)),
        })
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        Ok(self.records.lock().unwrap().by_key.remove(key).is_some())
    }
}

fn without_flash(body: &[u8]) -> Bytes {
    let text = std::str::from_utf8(body).unwrap();
    Bytes::from(text.replace(r#"{"f":"x"}"#, "{}"))
}

fn good(explored: Result<Explored, Box<Failure>>) {
    let explored = explored.unwrap_or_else(|failure| panic!("{failure}"));
    println!("{explored}");
    assert!(explored.whole, "{explored}");
}

#[tokio::test]
async fn two_requests_without_faults() {
    good(explore::two_requests(Store::with(Defect::None), Faults::None, usize::MAX).await);
}

#[tokio::test]
async fn two_requests_with_one_fault() {
    good(explore::two_requests(Store::with(Defect::None), Faults::One, usize::MAX).await);
}

#[tokio::test]
async fn three_requests() {
    good(explore::three_requests(Store::with(Defect::None), usize::MAX).await);
}

#[tokio::test]
async fn a_limit_is_kept_and_told() {
    let explored = explore::two_requests(Store::with(Defect::None), Faults::One, 2_000).await;
    let explored = explored.unwrap();
    assert!(
        !explored.whole && explored.runs + explored.cut <= 2_000,
        "{explored}"
    );
}

/// The engine looks, and the write id in the record tells it what happened.
#[tokio::test]
async fn a_stored_write_that_is_reported_as_refused_does_no_harm() {
    let store = Store::with(Defect::RefusedWhenStored);
    good(explore::two_requests(store, Faults::None, usize::MAX).await);
}

#[tokio::test]
async fn broken_stores_are_caught() {
    let mut borne = Vec::new();
    for defect in [
        Defect::IgnoresTheVersion,
        Defect::KeepsTheVersion,
        Defect::StoredWhenRefused,
        Defect::DropsRewrites,
        Defect::RollsBack,
        Defect::ReadsAReplica,
        Defect::CrossesAnswers,
        Defect::ForgetsTombstones,
        Defect::EmptiesTheFlash,
    ] {
        let explored = explore::two_requests(Store::with(defect), Faults::None, usize::MAX).await;
        match explored {
            Ok(explored) => borne.push((defect, explored)),
            Err(failure) => println!("{defect:?}: {failure}\n"),
        }
    }
    assert!(borne.is_empty(), "not caught: {borne:#?}");
}
