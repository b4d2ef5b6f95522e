//! What a backend author writes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::record::{Condition, PutOutcome, Record, RecordKey};
use crate::store_error::StoreError;

#[cfg_attr(doc, doc = include_str!("../docs/record_store.md"))]
#[cfg_attr(
    not(doc),
    doc = "Holds records: opaque bytes under opaque keys, written under a condition."
)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session store",
    label = "does not implement `RecordStore`",
    note = "a backend implements `session_core::RecordStore` (load, put, remove) with `#[async_trait]`",
    note = "`Arc<dyn RecordStore>` implements it too"
)]
#[async_trait]
pub trait RecordStore: fmt::Debug + Send + Sync + 'static {
    /// The record at `key`; `None` if there is none. A record whose `ttl` has passed may be
    /// returned or not.
    ///
    /// A load sees every `put` that was answered before the load began, so a store never reads from
    /// a replica that may lag.
    ///
    /// # Errors
    ///
    /// The backend failed. That says nothing about the record.
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError>;

    /// Writes `body` at `key`, in one atomic step, if `condition` holds.
    ///
    /// [`Condition::IfAbsent`] on a key that is taken, and [`Condition::IfVersion`] on a record
    /// that has changed or is gone, return [`PutOutcome::Refused`] and change nothing. The store
    /// keeps the record until `ttl` has passed, and may forget it after that. `ttl` is at least one
    /// second; a backend that counts in coarser units rounds it up. A body may be empty and may
    /// hold any bytes.
    ///
    /// # Errors
    ///
    /// The write may have been applied, or may still be applied later; the caller loads to find
    /// out. Only [`StoreErrorKind::TooLarge`], [`StoreErrorKind::Corrupt`] and
    /// [`StoreErrorKind::Config`] promise that nothing was written.
    ///
    /// [`StoreErrorKind::TooLarge`]: crate::StoreErrorKind::TooLarge
    /// [`StoreErrorKind::Corrupt`]: crate::StoreErrorKind::Corrupt
    /// [`StoreErrorKind::Config`]: crate::StoreErrorKind::Config
    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError>;

    /// Deletes the record at `key`; `false` if there was none.
    ///
    /// # Errors
    ///
    /// The record may be gone, may still exist, or may be deleted later.
    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError>;

    /// Deletes at most `limit` records whose `ttl` has passed, checks each again as it deletes it,
    /// and returns how many it deleted.
    ///
    /// The default does nothing, for backends that expire records by themselves.
    ///
    /// # Errors
    ///
    /// The backend failed. What was deleted before that stays deleted.
    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let _ = limit;
        Ok(0)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: RecordStore + ?Sized> RecordStore for Arc<S> {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        (**self).load(key).await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        (**self).put(key, body, ttl, condition).await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        (**self).remove(key).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        (**self).sweep(limit).await
    }
}
