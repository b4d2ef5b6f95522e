//! Stores that leave a promise out, to show that the torture sees it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError};

/// A store without one of the engine's means.
#[derive(Debug)]
pub(crate) struct Sabotage {
    inner: Arc<dyn RecordStore>,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// The last write wins.
    CompareAndSwap,
    /// A session that moves leaves nothing behind, and what was under way writes it again.
    Tombstone,
}

/// The names that `--sabotage` takes.
pub(crate) const NAMES: [&str; 2] = ["cas", "tombstone"];

impl Sabotage {
    pub(crate) fn new(inner: Arc<dyn RecordStore>, name: &str) -> Result<Self, String> {
        let what = match name {
            "cas" => What::CompareAndSwap,
            "tombstone" => What::Tombstone,
            _ => {
                return Err(format!(
                    "no such sabotage: {name}; there are {}",
                    NAMES.join(", ")
                ));
            }
        };
        Ok(Self { inner, what })
    }
}

fn is_moved(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.pointer("/2/t/kind")
        .is_some_and(|kind| kind == "moved")
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
        match (self.what, &condition) {
            (What::Tombstone, Condition::IfVersion(version)) if is_moved(&body) => {
                return Ok(PutOutcome::Stored(version.clone()));
            }
            (What::CompareAndSwap, Condition::IfVersion(_)) => {
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
