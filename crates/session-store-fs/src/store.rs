//! The store. All file operations run on tokio's blocking threads.

use std::fs::File;
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

use crate::builder::Settings;
use crate::clock::Clock;
use crate::error::{failed, timed_out};
use crate::expiry;
use crate::layout::{Bucket, Layout};
use crate::lock::Lock;
use crate::record_file::{self, Rules, version_of};
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
                clock: Clock::default(),
                settings,
                next_sweep: AtomicU8::new(0),
            }),
        })
    }

    /// Runs `work` on a blocking thread, and waits for it until the deadline, which `work` is told.
    /// If the caller stops waiting, `work` still runs to its end.
    async fn run<T: Send + 'static>(
        &self,
        action: &str,
        work: impl FnOnce(&Shared, Instant) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let limit = self.shared.settings.time_limit;
        let deadline = Instant::now() + limit;
        let shared = Arc::clone(&self.shared);
        let work = spawn_blocking(move || work(&shared, deadline));
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
        self.run("read a record in", move |shared, _| shared.load(&key)).await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let key = key.clone();
        self.run("write a record in", move |shared, deadline| {
            shared.put(&key, &body, ttl, &condition, deadline)
        })
        .await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let key = key.clone();
        self.run("remove a record in", move |shared, deadline| shared.remove(&key, deadline)).await
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
        let (_, path) = self.layout.locate(key);
        let record = record_file::load(&path, self.rules())?;
        if record.is_none() {
            self.layout.check_exists()?;
        }
        Ok(record)
    }

    fn put(
        &self,
        key: &RecordKey,
        body: &[u8],
        ttl: Duration,
        condition: &Condition,
        deadline: Instant,
    ) -> Result<PutOutcome, StoreError> {
        let (size, limit) = (body.len(), self.settings.max_body);
        if size > limit {
            let message = format!(
                "the record has {size} bytes, and max_body is {limit}: keep less in the session, \
                 or raise max_body"
            );
            return Err(StoreError::new(StoreErrorKind::TooLarge, message));
        }
        let (bucket, path) = self.layout.locate(key);
        let expires_at = expiry::expires_at(self.clock.now(), ttl);
        let mut temp = self.create_temp(&bucket)?;
        temp.write(body, expires_at, self.syncs())?;

        let lock = Lock::acquire(&bucket.lock, deadline)?;
        let current = record_file::load(&path, self.rules())?;
        let holds = match (condition, current) {
            (Condition::IfAbsent, None) => true,
            (Condition::IfVersion(version), Some(record)) => record.version == *version,
            _ => false,
        };
        if !holds {
            return Ok(PutOutcome::Refused);
        }
        temp.rename(&path)?;
        drop(lock);
        self.sync_directory(&bucket.directory)?;
        Ok(PutOutcome::Stored(version_of(body)))
    }

    fn remove(&self, key: &RecordKey, deadline: Instant) -> Result<bool, StoreError> {
        let (bucket, path) = self.layout.locate(key);
        let _lock = Lock::acquire(&bucket.lock, deadline)?;
        let Some(file) = record_file::metadata(&path)? else {
            return Ok(false);
        };
        record_file::check_type(&path, &file)?;
        let expired = self.rules().is_expired(&file);
        let removed = record_file::remove(&path)?;
        self.sync_directory(&bucket.directory)?;
        Ok(removed && !expired)
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules {
            now: self.clock.now(),
            unmarked_lifetime: self.settings.unmarked_lifetime,
            max_body: self.settings.max_body,
        }
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
