//! What a backend author writes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Condition, PutOutcome, Record, RecordKey};

#[cfg_attr(doc, doc = include_str!("../docs/record_store.md"))]
#[cfg_attr(
    not(doc),
    doc = "Holds records: opaque bytes under opaque keys, written under a condition."
)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session store",
    label = "does not implement `RecordStore`",
    note = "a backend implements `session_core::RecordStore` (load, put, remove), with `#[async_trait]`",
    note = "`Arc<dyn RecordStore>` and `Box<dyn RecordStore>` implement it too"
)]
#[async_trait]
pub trait RecordStore: fmt::Debug + Send + Sync + 'static {
    /// The record at `key`; `None` if there is none, or if its `ttl` has passed.
    ///
    /// It sees every `put` that was answered before it began: a store never reads from a replica that may lag.
    ///
    /// # Errors
    ///
    /// The backend failed, which says nothing about the record.
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError>;

    /// As [`load`](Self::load), for a store that need not wait to know; `None` where `load` is to be asked.
    ///
    /// It spares a boxed future. No time limit stands around it, so it must not block, and it sees every `put` that `load` sees, also
    /// those of other processes. The default is `None`, and right for whatever asks a server or a file.
    fn load_now(&self, key: &RecordKey) -> Option<Result<Option<Record>, StoreError>> {
        let _ = key;
        None
    }

    /// Writes `body` at `key`, in one atomic step, if `condition` holds.
    ///
    /// [`Condition::IfAbsent`] on a key that is taken, and [`Condition::IfVersion`] on a record that has moved on or is gone,
    /// are [`PutOutcome::Refused`], and change nothing. The store may forget the record once `ttl` has passed, and not before;
    /// `ttl` is at least one second, and a backend that counts in coarser units rounds it up. A body may be empty, and holds
    /// any bytes.
    ///
    /// # Errors
    ///
    /// The write may have been applied, or may yet be: the caller finds out by loading. Only with [`StoreErrorKind::TooLarge`],
    /// [`StoreErrorKind::Corrupt`] and [`StoreErrorKind::Config`] is it certain that nothing was written.
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
    /// The record may be gone, or not, or may yet go.
    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError>;

    /// Deletes at most `limit` records whose `ttl` has passed, rechecking each, and returns how many.
    ///
    /// The default does nothing, for backends that expire records by themselves.
    ///
    /// # Errors
    ///
    /// The backend failed; what was deleted stays deleted.
    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let _ = limit;
        Ok(0)
    }
}

macro_rules! forward_record_store {
    ($($pointer:ident),*) => {$(
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<S: RecordStore + ?Sized> RecordStore for $pointer<S> {
            async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
                (**self).load(key).await
            }

            fn load_now(&self, key: &RecordKey) -> Option<Result<Option<Record>, StoreError>> {
                (**self).load_now(key)
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
    )*};
}

forward_record_store!(Arc, Box);

/// Why a store could not do what it was asked.
///
/// The message names what was wrong, what was expected and what to do; it never holds a password, a session's id or its data.
///
/// ```
/// use session_core::{StoreError, StoreErrorKind};
///
/// let error = StoreError::new(StoreErrorKind::TooLarge, "the record has 2097152 bytes, the server takes 1048576");
/// assert_eq!(error.kind(), StoreErrorKind::TooLarge);
/// ```
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What a caller can do about a [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The backend could not be reached, or refused for now: try again later.
    Unavailable,
    /// The backend did not answer in time: try again later.
    Timeout,
    /// The write was applied, and not on as many replicas as were asked for: it may be lost if the server is. Loading finds it, so the
    /// engine does not look, and reports it as it is.
    Unconfirmed,
    /// The record is larger than the backend takes: keep less in the session. Nothing was written.
    TooLarge,
    /// What stands at the key is not a record, or not this key's: someone must look. Nothing was written.
    Corrupt,
    /// The store is set up wrongly: someone must mend it. Nothing was written.
    Config,
}

impl StoreError {
    /// An error of this kind, with a message for the operator.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// Keeps the driver's error as this one's source.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
