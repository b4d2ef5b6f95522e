//! A store whose operations wait until the explorer permits them.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{
    Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, StoreErrorKind,
};

/// One operation on a store.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) key: RecordKey,
    pub(super) verb: Verb,
}

#[derive(Clone, Debug)]
pub(super) enum Verb {
    Load,
    Put(Bytes, Duration, Condition),
    Remove,
}

/// What a store answered.
#[derive(Debug)]
pub(super) enum Answer {
    Loaded(Option<Record>),
    Put(PutOutcome),
    Removed(bool),
    Failed(String),
}

impl Operation {
    pub(super) fn is_load(&self) -> bool {
        matches!(self.verb, Verb::Load)
    }

    /// Whether the order of the two makes no difference.
    pub(super) fn commutes_with(&self, other: &Self) -> bool {
        self.key != other.key || (self.is_load() && other.is_load())
    }

    /// Executes it after its request has ended.
    pub(super) async fn act(self, store: &dyn RecordStore) -> Answer {
        let failed = |error: StoreError| Answer::Failed(error.to_string());
        match self.verb {
            Verb::Load => store.load(&self.key).await.map(Answer::Loaded),
            Verb::Put(body, ttl, condition) => {
                let put = store.put(&self.key, body, ttl, condition);
                put.await.map(Answer::Put)
            }
            Verb::Remove => store.remove(&self.key).await.map(Answer::Removed),
        }
        .unwrap_or_else(failed)
    }
}

/// The store of one simulated request.
#[derive(Clone)]
pub(super) struct Gate {
    store: Arc<dyn RecordStore>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Option<Operation>,
    permit: Option<Permit>,
    answer: Option<Answer>,
}

/// What happens to the operation that waits.
#[derive(Clone, Copy, Debug)]
pub(super) enum Permit {
    Act,
    /// It fails and is not passed on.
    Fail,
}

impl Gate {
    pub(super) fn new(store: Arc<dyn RecordStore>) -> Self {
        Self { store, state: Arc::default() }
    }

    /// The operation that waits for a permit.
    pub(super) fn waiting(&self) -> Option<Operation> {
        self.state().waiting.clone()
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.state().waiting.is_some()
    }

    pub(super) fn permit(&self, permit: Permit) {
        let mut state = self.state();
        state.waiting = None;
        state.permit = Some(permit);
    }

    /// Forgets the operation that waits, whose future was dropped.
    pub(super) fn forget(&self) {
        self.state().waiting = None;
    }

    /// The store's answer to the last operation that was permitted.
    pub(super) fn answer(&self) -> Option<Answer> {
        self.state().answer.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(&self, key: &RecordKey, verb: Verb) -> Result<(), StoreError> {
        let key = key.clone();
        self.state().waiting = Some(Operation { key, verb });
        // No wake-up is needed: the explorer polls after it gave the permit.
        let permit = poll_fn(|_| match self.state().permit.take() {
            Some(permit) => Poll::Ready(permit),
            None => Poll::Pending,
        });
        match permit.await {
            Permit::Act => Ok(()),
            Permit::Fail => {
                let error = StoreError::new(StoreErrorKind::Timeout, "no answer (by the explorer)");
                self.state().answer = Some(Answer::Failed(error.to_string()));
                Err(error)
            }
        }
    }

    fn note<T>(&self, result: &Result<T, StoreError>, answer: impl FnOnce(&T) -> Answer) {
        self.state().answer = Some(match result {
            Ok(value) => answer(value),
            Err(error) => Answer::Failed(error.to_string()),
        });
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gate").field(&self.store).finish()
    }
}

#[async_trait]
impl RecordStore for Gate {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        self.pass(key, Verb::Load).await?;
        let result = self.store.load(key).await;
        self.note(&result, |found| Answer::Loaded(found.clone()));
        result
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let verb = Verb::Put(body.clone(), ttl, condition.clone());
        self.pass(key, verb).await?;
        let result = self.store.put(key, body, ttl, condition).await;
        self.note(&result, |outcome| Answer::Put(outcome.clone()));
        result
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        self.pass(key, Verb::Remove).await?;
        let result = self.store.remove(key).await;
        self.note(&result, |found| Answer::Removed(*found));
        result
    }
}
