//! The engine under every overlap of two requests with at most one fault, and of three without a
//! fault. And the explorer itself: it catches broken stores, and prints a schedule that shows the
//! mistake.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_conformance::Failure;
use session_conformance::explore::{self, Explored, Faults};
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, Version};

/// A simple store with one defect.
#[derive(Debug)]
struct Store {
    defect: Defect,
    records: Mutex<Records>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    None,
    /// `IfVersion` always writes.
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
    /// A load returns what was written last, at any key.
    CrossesAnswers,
    /// A load does not find tombstones: a store that forgets short-lived records at once.
    ForgetsTombstones,
    /// Flash values are lost: the store parses the body and writes it again.
    EmptiesTheFlash,
}

#[derive(Debug, Default)]
struct Records {
    count: u64,
    by_key: HashMap<RecordKey, Entry>,
    last: Option<Bytes>,
}

#[derive(Clone, Debug)]
struct Entry {
    version: u64,
    body: Bytes,
    before: Option<Bytes>,
}

impl Store {
    fn with(defect: Defect) -> Arc<dyn RecordStore> {
        Arc::new(Self { defect, records: Mutex::default() })
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
        let Some(entry) = records.by_key.get_mut(key) else {
            return Ok(None);
        };
        let mut body = entry.body.clone();
        match self.defect {
            Defect::ReadsAReplica => body = entry.before.clone().unwrap_or(body),
            Defect::CrossesAnswers => body = last.unwrap_or(body),
            Defect::RollsBack => entry.body = entry.before.clone().unwrap_or(body.clone()),
            Defect::ForgetsTombstones if holds_tombstone(&body) => return Ok(None),
            _ => {}
        }
        Ok(Some(Record { body, version: Version::from(entry.version) }))
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
        let version = now.as_ref().map(|entry| Version::from(entry.version));
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
        if let Some(now) = now.as_ref().filter(|_| self.defect == Defect::KeepsTheVersion) {
            version = now.version;
        }
        let entry = Entry {
            version,
            body: match self.defect {
                Defect::EmptiesTheFlash => without_flash(&body),
                _ => body,
            },
            before: now.map(|entry| entry.body),
        };
        records.last = Some(entry.body.clone());
        records.by_key.insert(key.clone(), entry);
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
    assert!(explored.complete, "{explored}");
}

#[tokio::test]
async fn two_requests_without_faults() {
    good(explore::two_requests(Store::with(Defect::None), Faults::None, usize::MAX).await);
}

#[tokio::test]
async fn two_requests_with_one_fault() {
    good(explore::two_requests(Store::with(Defect::None), Faults::One, usize::MAX).await);
}

/// On two servers whose clocks differ by less than a minute, all is as on one. With a fault, a part
/// of the schedules: all of them take minutes.
#[tokio::test]
async fn two_requests_on_servers_whose_clocks_differ() {
    for seconds in [30, 59] {
        let (store, skew) = (Store::with(Defect::None), Duration::from_secs(seconds));
        good(explore::two_requests_with_skew(store, Faults::None, skew, usize::MAX).await);
    }
    let (store, skew) = (Store::with(Defect::None), Duration::from_secs(59));
    let explored = explore::two_requests_with_skew(store, Faults::One, skew, 100_000).await;
    println!("{}", explored.unwrap_or_else(|failure| panic!("{failure}")));
}

#[tokio::test]
async fn three_requests() {
    good(explore::three_requests(Store::with(Defect::None), usize::MAX).await);
}

#[tokio::test]
async fn a_limit_is_respected_and_reported() {
    let explored = explore::two_requests(Store::with(Defect::None), Faults::One, 2_000).await;
    let explored = explored.unwrap();
    assert!(!explored.complete && explored.runs + explored.stopped <= 2_000, "{explored}");
}

/// The engine loads the record, and finds out by its write ids what happened.
#[tokio::test]
async fn a_stored_write_that_is_reported_as_refused_does_no_harm() {
    let store = Store::with(Defect::RefusedWhenStored);
    good(explore::two_requests(store, Faults::None, usize::MAX).await);
}

#[tokio::test]
async fn broken_stores_are_caught() {
    catches_broken_stores(usize::MAX).await;
}

/// As many schedules as the checks of a store author run.
#[tokio::test]
async fn broken_stores_are_caught_by_a_short_run() {
    catches_broken_stores(2_000).await;
}

async fn catches_broken_stores(limit: usize) {
    let mut missed = Vec::new();
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
        let explored = explore::two_requests(Store::with(defect), Faults::None, limit).await;
        match explored {
            Ok(explored) => missed.push((defect, explored)),
            Err(failure) => println!("{defect:?}: {failure}\n"),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:#?}");
}
