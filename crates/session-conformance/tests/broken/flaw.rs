//! A store with one flaw: the code that all broken stores share.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_conformance::{Fixture, Subject};
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError};

use crate::plain::Plain;

pub(crate) type Loaded = Result<Option<Record>, StoreError>;
pub(crate) type Put = Result<PutOutcome, StoreError>;

/// The arguments of a put, but for the key.
pub(crate) struct Write(pub(crate) Bytes, pub(crate) Duration, pub(crate) Condition);

/// What a store does differently from [`Plain`], which is correct.
#[async_trait]
pub(crate) trait Flaw: Debug + Default + Send + Sync + 'static {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        plain.load(key).await
    }

    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        plain.write(key, write)
    }

    async fn remove(&self, plain: &Plain, key: &RecordKey) -> Result<bool, StoreError> {
        plain.remove(key).await
    }

    async fn sweep(&self, plain: &Plain, limit: usize) -> Result<usize, StoreError> {
        plain.sweep(limit).await
    }

    /// What another server, or this one after a restart, opens.
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

    async fn put(&self, key: &RecordKey, body: Bytes, ttl: Duration, condition: Condition) -> Put {
        let write = Write(body, ttl, condition);
        self.1.put(&self.0, key, write).await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        self.1.remove(&self.0, key).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        self.1.sweep(&self.0, limit).await
    }
}

/// A broken store, its flaw, and the check that must catch it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) store: &'static str,
    pub(crate) flaw: &'static str,
    pub(crate) check: &'static str,
    pub(crate) subject: Subject,
}

pub(crate) fn case<F: Flaw>(flaw: &'static str, check: &'static str) -> Case {
    let path = std::any::type_name::<F>();
    Case {
        store: path.rsplit("::").next().unwrap().trim_end_matches('>'),
        flaw,
        check,
        subject: subject::<F>(),
    }
}

pub(crate) fn subject<F: Flaw>() -> Subject {
    Subject::new(|| async {
        let plain = Plain::default();
        let (clock, disk) = (plain.clone(), plain.clone());
        Fixture::new(Broken(plain, F::default())).advance(move |by| clock.advance(by)).reopen(
            move || {
                let (plain, flaw) = F::default().reopened(&disk);
                async move { Broken(plain, flaw) }
            },
        )
    })
}

/// A store without a flaw.
#[derive(Debug, Default)]
pub(crate) struct Correct;

impl Flaw for Correct {}
