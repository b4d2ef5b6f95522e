//! A store whose next operations fail.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{
    Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, StoreErrorKind,
};

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It works.
    None,
    /// It fails, and does nothing.
    Before,
    /// It does its work, and its reply is lost.
    After,
    /// It is refused for its size.
    TooLarge,
}

/// Passes operations on to the store under test, but for those that are [planned](Self::plan) to fail.
#[derive(Clone, Debug)]
pub(super) struct Faulty {
    store: Arc<dyn RecordStore>,
    plan: Arc<Mutex<VecDeque<Fault>>>,
}

impl Faulty {
    pub(super) fn new(store: Arc<dyn RecordStore>) -> Self {
        Self {
            store,
            plan: Arc::default(),
        }
    }

    /// What becomes of the next operations.
    pub(super) fn plan(&self, faults: &[Fault]) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        *plan = faults.iter().copied().collect();
    }

    fn next(&self) -> Fault {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.pop_front().unwrap_or(Fault::None)
    }

    async fn pass<T>(
        &self,
        operation: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (kind, message) = match self.next() {
            Fault::None => return operation.await,
            Fault::Before => (StoreErrorKind::Unavailable, "failed on purpose"),
            Fault::After => {
                let _ = operation.await;
                (StoreErrorKind::Timeout, "lost its reply on purpose")
            }
            Fault::TooLarge => (StoreErrorKind::TooLarge, "too large on purpose"),
        };
        Err(StoreError::new(kind, message))
    }
}

#[async_trait]
impl RecordStore for Faulty {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        self.pass(self.store.load(key)).await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        self.pass(self.store.put(key, body, ttl, condition)).await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        self.pass(self.store.remove(key)).await
    }
}
