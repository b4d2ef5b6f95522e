//! A lock between threads and processes, on a file beside the records.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use session_core::StoreError;

use crate::error::{failed, timed_out};

/// How long a writer sleeps before it tries to lock again.
const RETRY: Duration = Duration::from_millis(1);

/// An exclusive `flock`. It is released on drop, or when the process ends.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Waits for the lock until `deadline`. std can only wait without one, so this polls.
    pub(crate) fn acquire(path: &Path, deadline: Instant) -> Result<Self, StoreError> {
        let file = open(path)?;
        loop {
            let locked = try_lock(&file, path)?;
            // The caller has seen a timeout by then, so a write must not follow, even with the
            // lock.
            if Instant::now() >= deadline {
                return Err(timed_out("lock", path));
            }
            if locked {
                return Ok(Self(file));
            }
            std::thread::sleep(RETRY);
        }
    }

    /// The lock, unless another writer holds it.
    pub(crate) fn try_acquire(path: &Path) -> Result<Option<Self>, StoreError> {
        let file = open(path)?;
        Ok(try_lock(&file, path)?.then_some(Self(file)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process that is being started may hold a copy of
        // the descriptor for a moment, and with it the lock.
        let _ = self.0.unlock();
    }
}

/// Opens the lock file anew each time: a `flock` belongs to the open file, so threads that share
/// one would not exclude each other.
fn open(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(|error| failed("open the lock file", path, error))
}

fn try_lock(file: &File, path: &Path) -> Result<bool, StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(failed("lock", path, error)),
    }
}
