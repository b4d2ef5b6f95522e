//! A lock between processes, on a file beside the records.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use session_core::StoreError;

use crate::error::{failed, timed_out};

/// Held until it is dropped, or its process ends.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Waits for the lock until `deadline`.
    ///
    /// The file is opened each time: a lock belongs to an open file, so that threads that shared one would not exclude each
    /// other.
    pub(crate) fn acquire(path: &Path, deadline: Instant) -> Result<Self, StoreError> {
        const LONGEST: Duration = Duration::from_millis(2);

        let file = open(path)?;
        let mut pause = Duration::from_micros(20);
        loop {
            let locked = try_lock(&file, path)?;
            // The caller has been told of a timeout by then: a lock that comes later must not be used.
            if Instant::now() >= deadline {
                return Err(timed_out("lock", path));
            }
            if locked {
                return Ok(Self(file));
            }
            // The std lock that waits knows no deadline.
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// The lock, if nobody holds it.
    pub(crate) fn try_acquire(path: &Path) -> Result<Option<Self>, StoreError> {
        let file = open(path)?;
        Ok(try_lock(&file, path)?.then_some(Self(file)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Said rather than left to closing: a child process that is being started holds a copy for a moment.
        let _ = self.0.unlock();
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(|error| failed("open the lock file", path, error))
}

fn try_lock(file: &File, path: &Path) -> Result<bool, StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(failed("lock", path, error)),
    }
}
