//! Stores that break a promise, to show that the torture test finds it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError};

/// A store with a deliberate flaw.
#[derive(Debug)]
pub(crate) struct Sabotage {
    inner: Arc<dyn RecordStore>,
    flaw: Flaw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// Every write succeeds, whatever version it expects.
    CompareAndSwap,
    /// No tombstone is written at the old id of a session that moves. A request that was in flight
    /// can then write the old record again.
    Tombstone,
}

/// The names that `--sabotage` takes.
pub(crate) const NAMES: [&str; 2] = ["cas", "tombstone"];

impl Sabotage {
    pub(crate) fn new(inner: Arc<dyn RecordStore>, name: &str) -> Result<Self, String> {
        let flaw = match name {
            "cas" => Flaw::CompareAndSwap,
            "tombstone" => Flaw::Tombstone,
            _ => {
                let valid = NAMES.join(", ");
                return Err(format!("unknown sabotage {name:?} (valid: {valid})"));
            }
        };
        Ok(Self { inner, flaw })
    }
}

fn is_moved(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.pointer("/2/t/kind").is_some_and(|kind| kind == "moved")
}

#[async_trait]
impl RecordStore for Sabotage {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        self.inner.load(key).await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        mut condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        match (self.flaw, &condition) {
            (Flaw::Tombstone, Condition::IfVersion(version)) if is_moved(&body) => {
                return Ok(PutOutcome::Stored(version.clone()));
            }
            (Flaw::CompareAndSwap, Condition::IfVersion(_)) => {
                if let Some(now) = self.inner.load(key).await? {
                    condition = Condition::IfVersion(now.version);
                }
            }
            _ => {}
        }
        self.inner.put(key, body, ttl, condition).await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        self.inner.remove(key).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        self.inner.sweep(limit).await
    }
}
