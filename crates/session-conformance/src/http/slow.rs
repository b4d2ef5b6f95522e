//! A store that takes its time, or fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{
    Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, StoreErrorKind,
};

use crate::recorder::Recorder;

/// Passes operations on to the store under test, unless it is [down](Self::down); writes after a while.
#[derive(Clone, Debug)]
pub(super) struct Slow {
    store: Recorder,
    down: Arc<AtomicBool>,
}

impl Slow {
    pub(super) const WRITE: Duration = Duration::from_millis(100);

    pub(super) fn new(store: Recorder) -> Self {
        Self {
            store,
            down: Arc::default(),
        }
    }

    pub(super) fn down(&self, down: bool) {
        self.down.store(down, SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.down.load(SeqCst) {
            false => Ok(()),
            true => Err(StoreError::new(
                StoreErrorKind::Unavailable,
                "down on purpose",
            )),
        }
    }
}

#[async_trait]
impl RecordStore for Slow {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        self.check()?;
        self.store.load(key).await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        self.check()?;
        tokio::time::sleep(Self::WRITE).await;
        self.store.put(key, body, ttl, condition).await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        self.check()?;
        self.store.remove(key).await
    }
}
