//! Stores that break the contract, each in one way.

mod bodies;
mod cancelled;
mod conditions;
mod keys;
mod loads;
mod plain;
mod sharing;
mod storages;
mod sweeps;
mod time;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_conformance::{Fixture, Subject};
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError};

pub(crate) use plain::Plain;

pub(crate) type Loaded = Result<Option<Record>, StoreError>;
pub(crate) type Put = Result<PutOutcome, StoreError>;

/// What a store does otherwise than [`Plain`], which does it right.
#[async_trait]
pub(crate) trait Flaw: Debug + Default + Send + Sync + 'static {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        plain.load(key).await
    }

    fn load_now(&self, plain: &Plain, key: &RecordKey) -> Option<Loaded> {
        let _ = (plain, key);
        None
    }

    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        plain.put(key, body, ttl, condition).await
    }

    async fn remove(&self, plain: &Plain, key: &RecordKey) -> Result<bool, StoreError> {
        plain.remove(key).await
    }

    async fn sweep(&self, plain: &Plain, limit: usize) -> Result<usize, StoreError> {
        plain.sweep(limit).await
    }

    /// What another server, or this one after a restart, finds.
    fn reopened(&self, plain: &Plain) -> (Plain, Self) {
        (plain.clone(), Self::default())
    }
}

/// A store with a flaw.
#[derive(Debug)]
pub(crate) struct Broken<F>(Plain, F);

#[async_trait]
impl<F: Flaw> RecordStore for Broken<F> {
    async fn load(&self, key: &RecordKey) -> Loaded {
        self.1.load(&self.0, key).await
    }

    fn load_now(&self, key: &RecordKey) -> Option<Loaded> {
        self.1.load_now(&self.0, key)
    }

    async fn put(&self, key: &RecordKey, body: Bytes, ttl: Duration, condition: Condition) -> Put {
        self.1.put(&self.0, key, body, ttl, condition).await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        self.1.remove(&self.0, key).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        self.1.sweep(&self.0, limit).await
    }
}

/// A broken store, and the check that names its fault.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) store: &'static str,
    pub(crate) check: &'static str,
    pub(crate) subject: Subject,
}

pub(crate) fn subject<F: Flaw>() -> Subject {
    Subject::new(|| async {
        let plain = Plain::default();
        let (clock, disk) = (plain.clone(), plain.clone());
        Fixture::new(Broken(plain, F::default()))
            .advance(move |by| clock.advance(by))
            .reopen(move || {
                let (plain, flaw) = F::default().reopened(&disk);
                async move { Broken(plain, flaw) }
            })
    })
}

fn case<F: Flaw>(check: &'static str) -> Case {
    let path = std::any::type_name::<F>();
    Case {
        store: path.rsplit("::").next().unwrap().trim_end_matches('>'),
        check,
        subject: subject::<F>(),
    }
}

/// A store without a flaw.
#[derive(Debug, Default)]
pub(crate) struct Whole;

impl Flaw for Whole {}

pub(crate) fn all() -> Vec<Case> {
    [
        conditions::cases(),
        loads::cases(),
        bodies::cases(),
        keys::cases(),
        cancelled::cases(),
        time::cases(),
        sweeps::cases(),
        sharing::cases(),
        storages::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
