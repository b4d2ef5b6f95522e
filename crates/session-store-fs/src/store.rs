//! The store: what happens on the blocking threads, and how it gets there.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
use crate::layout::{Layout, Place};
use crate::lock::Lock;
use crate::record_file::{Rules, check_kind, read, version_of};
use crate::sweep::Cursor;
use crate::temp_file::{TempFile, TempNames};
use crate::{Durability, FsStoreBuilder};

/// Keeps each session record in a file.
///
/// Clones share everything. The [crate's page](crate) has the example, and says what the files are and what they survive.
#[derive(Clone, Debug)]
pub struct FsStore {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) layout: Layout,
    pub(crate) clock: Clock,
    pub(crate) cursor: Cursor,
    settings: Settings,
    names: TempNames,
}

impl FsStore {
    /// Opens the store at `root` with the default settings, and makes the directory where there is none.
    ///
    /// # Errors
    ///
    /// As [`FsStoreBuilder::open`].
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::builder(root).open()
    }

    /// A store with other settings.
    pub fn builder(root: impl Into<PathBuf>) -> FsStoreBuilder {
        FsStoreBuilder::new(root.into())
    }

    /// Moves this store's clock forward, by whole seconds, so that a test need not wait for a `ttl` to pass.
    ///
    /// It moves no other clock: when a session ends is decided by the clock of the session policy.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
    }

    pub(crate) fn with(root: PathBuf, settings: Settings) -> Result<Self, StoreError> {
        Ok(Self {
            shared: Arc::new(Shared {
                layout: Layout::open(root)?,
                clock: Clock::default(),
                cursor: Cursor::default(),
                settings,
                names: TempNames::new()?,
            }),
        })
    }

    /// Runs `work` on a blocking thread. Whoever stops waiting for it does not stop it.
    async fn run<T: Send + 'static>(
        &self,
        doing: &str,
        work: impl FnOnce(&Shared, Instant) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let limit = self.shared.settings.time_limit;
        let start = Instant::now();
        // A limit beyond the end of time is none.
        let deadline = start
            .checked_add(limit)
            .unwrap_or(start + Duration::from_secs(1 << 30));
        let shared = Arc::clone(&self.shared);
        let late = timed_out(doing, shared.layout.root());
        let task = spawn_blocking(move || {
            // All blocking threads were busy until nobody waited any more.
            if Instant::now() >= deadline {
                return Err(late);
            }
            work(&shared, deadline)
        });
        match tokio::time::timeout(limit, task).await {
            Ok(done) => done,
            Err(_) => Err(timed_out(doing, self.shared.layout.root())),
        }
    }
}

#[async_trait]
impl RecordStore for FsStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let place = self.shared.layout.place(key);
        self.run("read a record in", move |shared, _| shared.load(&place))
            .await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let place = self.shared.layout.place(key);
        self.run("write a record in", move |shared, deadline| {
            shared.put(&place, &body, ttl, &condition, deadline)
        })
        .await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let place = self.shared.layout.place(key);
        self.run("remove a record in", move |shared, deadline| {
            shared.remove(&place, deadline)
        })
        .await
    }

    /// Goes around the whole store at most once, on from where the last call stopped, in slices of a thousand files. What crashed
    /// writers left counts as records here.
    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let mut removed = 0;
        let mut directories = 0;
        // One more than there are, since the first may be entered in its middle.
        while removed < limit && directories <= 256 {
            let shared = Arc::clone(&self.shared);
            let slice = spawn_blocking(move || shared.sweep_slice(limit - removed)).await?;
            removed += slice.removed;
            directories += slice.directories;
        }
        Ok(removed)
    }
}

impl Shared {
    fn load(&self, place: &Place) -> Result<Option<Record>, StoreError> {
        let found = read(&place.path, self.rules())?;
        if found.is_none() {
            self.layout.check_present()?;
        }
        Ok(found)
    }

    fn put(
        &self,
        place: &Place,
        body: &[u8],
        ttl: Duration,
        condition: &Condition,
        deadline: Instant,
    ) -> Result<PutOutcome, StoreError> {
        self.check_size(body)?;
        // Without the lock first: a writer that has lost already makes no file, and nobody waits for it.
        if !self.holds(condition, &place.path)? {
            self.layout.check_present()?;
            return Ok(PutOutcome::Refused);
        }
        let sync = self.settings.durability == Durability::Disk;
        let mut temp = self.create_temp(place.directory, sync)?;
        temp.write(body, sync)?;
        {
            let _lock = self.lock(place, deadline)?;
            if !self.holds(condition, &place.path)? {
                return Ok(PutOutcome::Refused);
            }
            // The caller has been told that it failed: the later it happens, the more it surprises.
            if Instant::now() >= deadline {
                return Err(timed_out("write", &place.path));
            }
            temp.rename(&place.path, expiry::after(self.clock.now(), ttl))?;
        }
        if sync {
            sync_directory(&self.layout.directory(place.directory))?;
        }
        Ok(PutOutcome::Stored(version_of(body)))
    }

    fn remove(&self, place: &Place, deadline: Instant) -> Result<bool, StoreError> {
        let _lock = self.lock(place, deadline)?;
        let path = &place.path;
        let found = match fs::symlink_metadata(path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed("look at", path, error)),
        };
        check_kind(path, &found)?;
        let expired = self.rules().is_expired(&found);
        let expired = expired.map_err(|error| failed("read the times of", path, error))?;
        fs::remove_file(path).map_err(|error| failed("remove", path, error))?;
        if self.settings.durability == Durability::Disk {
            sync_directory(&self.layout.directory(place.directory))?;
        }
        Ok(!expired)
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules {
            now: self.clock.now(),
            unmarked_lifetime: self.settings.unmarked_lifetime,
            max_body: self.settings.max_body,
        }
    }

    fn holds(&self, condition: &Condition, path: &Path) -> Result<bool, StoreError> {
        let found = read(path, self.rules())?;
        Ok(match (condition, found) {
            (Condition::IfAbsent, None) => true,
            (Condition::IfVersion(version), Some(record)) => record.version == *version,
            _ => false,
        })
    }

    fn lock(&self, place: &Place, deadline: Instant) -> Result<Lock, StoreError> {
        Lock::acquire(&self.layout.lock(place.directory), deadline)
    }

    fn create_temp(&self, directory: u8, sync: bool) -> Result<TempFile, StoreError> {
        let path = self.layout.directory(directory);
        if let Some(temp) = TempFile::create(&path, &self.names)? {
            return Ok(temp);
        }
        self.layout.make_directory(directory)?;
        if sync {
            sync_directory(self.layout.root())?;
        }
        TempFile::create(&path, &self.names)?
            .ok_or_else(|| failed("create a file in", &path, io::ErrorKind::NotFound.into()))
    }

    fn check_size(&self, body: &[u8]) -> Result<(), StoreError> {
        let (size, limit) = (body.len(), self.settings.max_body);
        if size <= limit {
            return Ok(());
        }
        let message = format!(
            "the record has {size} bytes, and max_body is {limit}: keep less in the session, or raise max_body"
        );
        Err(StoreError::new(StoreErrorKind::TooLarge, message))
    }
}

fn sync_directory(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| {
            // Whatever it is, the write before it has happened: not a kind that says otherwise.
            let message = format!("could not sync the directory {}", path.display());
            StoreError::new(StoreErrorKind::Unavailable, message).with_source(error)
        })
}

async fn spawn_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => {
            let message =
                "the file operation was not finished: the runtime is shutting down, or it panicked";
            Err(StoreError::new(StoreErrorKind::Unavailable, message).with_source(error))
        }
    }
}
