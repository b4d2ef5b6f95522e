//! A store that fails, loses replies or is slow, when a check asks for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{
    Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, StoreErrorKind,
};

/// What happens to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It succeeds.
    None,
    /// It fails and does nothing.
    Fails,
    /// It succeeds, and its reply is lost.
    LosesItsReply,
    /// It is refused for its size.
    TooLarge,
}

/// Passes operations on to the store under test, unless they have a fault.
#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    store: Arc<dyn RecordStore>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    next: VecDeque<Fault>,
    down: bool,
    put_delay: Duration,
}

impl Faulty {
    pub(crate) fn new(store: Arc<dyn RecordStore>) -> Self {
        Self { store, plan: Arc::default() }
    }

    /// What happens to the next operations, one fault for each.
    pub(crate) fn plan(&self, faults: &[Fault]) {
        self.lock().next = faults.iter().copied().collect();
    }

    /// Makes all operations fail that have no planned fault.
    pub(crate) fn set_down(&self, down: bool) {
        self.lock().down = down;
    }

    /// Delays every put.
    #[cfg(feature = "http")]
    pub(crate) fn delay_puts(&self, by: Duration) {
        self.lock().put_delay = by;
    }

    async fn run<T>(
        &self,
        operation: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let fault = {
            let mut plan = self.lock();
            let down = if plan.down { Fault::Fails } else { Fault::None };
            plan.next.pop_front().unwrap_or(down)
        };
        let (kind, message) = match fault {
            Fault::None => return operation.await,
            Fault::Fails => (StoreErrorKind::Unavailable, "failed on purpose"),
            Fault::LosesItsReply => {
                let _ = operation.await;
                (StoreErrorKind::Timeout, "lost its reply on purpose")
            }
            Fault::TooLarge => (StoreErrorKind::TooLarge, "too large on purpose"),
        };
        Err(StoreError::new(kind, message))
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RecordStore for Faulty {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        self.run(self.store.load(key)).await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let delay = self.lock().put_delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.run(self.store.put(key, body, ttl, condition)).await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        self.run(self.store.remove(key)).await
    }
}
