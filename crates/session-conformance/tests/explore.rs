//! The engine, explored: every overlap of two requests with none or one fault, and of three without.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_conformance::explore::{self, Faults};
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, Version};

/// The simplest store that keeps its promises.
#[derive(Debug, Default)]
struct Plain(Mutex<Records>);

#[derive(Debug, Default)]
struct Records {
    count: u64,
    by_key: HashMap<RecordKey, (u64, Bytes)>,
}

#[async_trait]
impl RecordStore for Plain {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let records = self.0.lock().unwrap();
        let found = records.by_key.get(key);
        Ok(found.map(|(version, body)| Record {
            body: body.clone(),
            version: Version::from(*version),
        }))
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        _: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let mut records = self.0.lock().unwrap();
        let now = records
            .by_key
            .get(key)
            .map(|(version, _)| Version::from(*version));
        let holds = match condition {
            Condition::IfAbsent => now.is_none(),
            Condition::IfVersion(version) => now == Some(version),
        };
        if !holds {
            return Ok(PutOutcome::Refused);
        }
        records.count += 1;
        let version = records.count;
        records.by_key.insert(key.clone(), (version, body));
        Ok(PutOutcome::Stored(Version::from(version)))
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        Ok(self.0.lock().unwrap().by_key.remove(key).is_some())
    }
}

#[tokio::test]
async fn two_requests_without_faults() {
    let explored =
        explore::two_requests(Arc::new(Plain::default()), Faults::None, usize::MAX).await;
    println!("{}", explored.unwrap_or_else(|failure| panic!("{failure}")));
}

#[tokio::test]
async fn two_requests_with_one_fault() {
    let explored = explore::two_requests(Arc::new(Plain::default()), Faults::One, usize::MAX).await;
    println!("{}", explored.unwrap_or_else(|failure| panic!("{failure}")));
}

#[tokio::test]
async fn three_requests() {
    let explored = explore::three_requests(Arc::new(Plain::default()), usize::MAX).await;
    println!("{}", explored.unwrap_or_else(|failure| panic!("{failure}")));
}
