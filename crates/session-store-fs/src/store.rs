//! The store. All file operations run on tokio's blocking threads.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{
    Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, StoreErrorKind,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::builder::Settings;
use crate::clock::Clock;
use crate::error::{failed, timed_out};
use crate::expiry;
use crate::layout::{Bucket, Layout};
use crate::lock::Lock;
use crate::record_file::{self, version_of};
use crate::temp_file::TempFile;
use crate::{Durability, FsStoreBuilder};

/// Keeps each session record in a file.
///
/// Clones share the store. The [crate's page](crate) has an example, and says what the files are
/// and what they survive.
#[derive(Clone, Debug)]
pub struct FsStore {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) layout: Layout,
    pub(crate) clock: Clock,
    settings: Settings,
    /// The writers of each bucket wait here in order, so that one at a time polls for its lock and
    /// takes a thread.
    turns: Vec<Arc<Mutex<()>>>,
    /// The bucket that the next sweep starts with.
    next_sweep: AtomicU8,
}

impl FsStore {
    /// Opens the store at `root` with the default settings, and creates the directory if it does
    /// not exist.
    ///
    /// # Errors
    ///
    /// As [`FsStoreBuilder::open`].
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::builder(root).open()
    }

    /// The settings of a store at `root`.
    pub fn builder(root: impl Into<PathBuf>) -> FsStoreBuilder {
        FsStoreBuilder::new(root.into())
    }

    /// Moves this store's clock forward, so that a test need not wait until a record expires.
    ///
    /// The clock of the session policy decides when a session ends, and is not moved.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
    }

    pub(crate) fn new(root: PathBuf, settings: Settings) -> Result<Self, StoreError> {
        Ok(Self {
            shared: Arc::new(Shared {
                layout: Layout::open(root)?,
                turns: (0..=u8::MAX).map(|_| Arc::default()).collect(),
                clock: Clock::default(),
                settings,
                next_sweep: AtomicU8::new(0),
            }),
        })
    }

    /// Waits for `work` until the deadline, which it is told.
    async fn in_time<T, W: Future<Output = Result<T, StoreError>>>(
        &self,
        action: &str,
        work: impl FnOnce(Arc<Shared>, Instant) -> W,
    ) -> Result<T, StoreError> {
        let limit = self.shared.settings.time_limit;
        let work = work(Arc::clone(&self.shared), Instant::now() + limit);
        match tokio::time::timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => Err(timed_out(action, self.shared.layout.root())),
        }
    }
}

#[async_trait]
impl RecordStore for FsStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let key = key.clone();
        let load = |shared: Arc<Shared>, _| spawn_blocking(move || shared.load(&key));
        self.in_time("read a record in", load).await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let put = async |shared: Arc<Shared>, deadline| {
            let (bucket, path) = shared.layout.locate(key);
            let (preparing, directory) = (Arc::clone(&shared), bucket.directory.clone());
            let version = version_of(&body);
            let temp = spawn_blocking(move || preparing.write_temp(&bucket, &body, ttl)).await?;
            let turn = shared.turn(key).await;
            spawn_blocking(move || {
                let _turn = turn;
                let replaced = shared.replace(temp, &directory, &path, &condition, deadline)?;
                Ok(if replaced { PutOutcome::Stored(version) } else { PutOutcome::Refused })
            })
            .await
        };
        self.in_time("write a record in", put).await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let remove = async |shared: Arc<Shared>, deadline| {
            let (turn, key) = (shared.turn(key).await, key.clone());
            spawn_blocking(move || {
                let _turn = turn;
                shared.remove(&key, deadline)
            })
            .await
        };
        self.in_time("remove a record in", remove).await
    }

    /// Continues where the last call stopped, and goes round the whole store at most once.
    /// Temporary files of crashed writers count as records here.
    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let next = &self.shared.next_sweep;
        let mut removed = 0;
        for _ in 0..=u8::MAX {
            // Moves on before the sweep, so that a bucket that fails does not stop the next call.
            let number = next.fetch_add(1, Relaxed);
            let (shared, remaining) = (Arc::clone(&self.shared), limit - removed);
            removed += spawn_blocking(move || shared.sweep_bucket(number, remaining)).await?;
            if removed >= limit {
                next.store(number, Relaxed);
                break;
            }
        }
        Ok(removed)
    }
}

impl Shared {
    fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let (bucket, path) = self.layout.locate(key);
        let exists = self.layout.check_bucket(&bucket)?;
        let record = if exists { record_file::load(&path, self.settings.max_body)? } else { None };
        if record.is_none() {
            self.layout.check_exists()?;
        }
        Ok(record)
    }

    /// Waits until it is this writer's turn.
    async fn turn(&self, key: &RecordKey) -> OwnedMutexGuard<()> {
        let [number, ..] = *key.digest();
        let turn = self.turns.get(usize::from(number)).cloned().unwrap_or_default();
        turn.lock_owned().await
    }

    /// Writes a record to a temporary file in its bucket.
    fn write_temp(
        &self,
        bucket: &Bucket,
        body: &[u8],
        ttl: Duration,
    ) -> Result<TempFile, StoreError> {
        let (size, limit) = (body.len(), self.settings.max_body);
        if size > limit {
            let message = format!(
                "the record has {size} bytes, and max_body is {limit}: keep less in the session, \
                 or raise max_body"
            );
            return Err(StoreError::new(StoreErrorKind::TooLarge, message));
        }
        self.layout.check_bucket(bucket)?;
        let mut temp = self.create_temp(bucket)?;
        temp.write(body, expiry::expires_at(self.clock.now(), ttl), self.syncs())?;
        Ok(temp)
    }

    /// Replaces the record at `path`, in the bucket `directory`, by `temp`, if the condition holds.
    fn replace(
        &self,
        temp: TempFile,
        directory: &Path,
        path: &Path,
        condition: &Condition,
        deadline: Instant,
    ) -> Result<bool, StoreError> {
        let Some(lock) = Lock::acquire(directory, deadline)? else {
            return Err(failed("find the directory", directory, io::ErrorKind::NotFound.into()));
        };
        let current = record_file::load(path, self.settings.max_body)?;
        let holds = match (condition, current) {
            (Condition::IfAbsent, None) => true,
            (Condition::IfVersion(version), Some(record)) => record.version == *version,
            _ => false,
        };
        if !holds {
            return Ok(false);
        }
        temp.rename(path)?;
        drop(lock);
        self.sync_directory(directory)?;
        Ok(true)
    }

    fn remove(&self, key: &RecordKey, deadline: Instant) -> Result<bool, StoreError> {
        let (bucket, path) = self.layout.locate(key);
        self.layout.check_bucket(&bucket)?;
        let Some(_lock) = Lock::acquire(&bucket.directory, deadline)? else {
            return self.layout.check_exists().map(|()| false);
        };
        let Some(file) = record_file::metadata(&path)? else {
            return Ok(false);
        };
        record_file::check_type(&path, &file)?;
        let removed = record_file::remove(&path)?;
        self.sync_directory(&bucket.directory)?;
        Ok(removed)
    }

    /// Whether a sweep may delete the record in this file.
    pub(crate) fn is_expired(&self, file: &Metadata) -> bool {
        expiry::is_expired(file, self.clock.now(), self.settings.unmarked_lifetime)
    }

    fn syncs(&self) -> bool {
        self.settings.durability == Durability::Disk
    }

    /// A temporary file in the bucket, which is created if it does not exist.
    fn create_temp(&self, bucket: &Bucket) -> Result<TempFile, StoreError> {
        if let Some(temp) = TempFile::create(&bucket.directory)? {
            return Ok(temp);
        }
        self.layout.create_bucket(bucket)?;
        self.sync_directory(self.layout.root())?;
        TempFile::create(&bucket.directory)?.ok_or_else(|| {
            let error = io::ErrorKind::NotFound.into();
            failed("create a file in", &bucket.directory, error)
        })
    }

    /// With [`Durability::Disk`], waits until the directory's new or removed entries are on disk.
    fn sync_directory(&self, path: &Path) -> Result<(), StoreError> {
        if !self.syncs() {
            return Ok(());
        }
        let synced = File::open(path).and_then(|directory| directory.sync_all());
        synced.map_err(|error| {
            // Not `failed`: some of its kinds promise that nothing was written.
            let message = format!("could not sync the directory {}", path.display());
            StoreError::new(StoreErrorKind::Unavailable, message).with_source(error)
        })
    }
}

async fn spawn_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => {
            let message =
                "the file operation did not complete: the runtime is shutting down, or it panicked";
            Err(StoreError::new(StoreErrorKind::Unavailable, message).with_source(error))
        }
    }
}
