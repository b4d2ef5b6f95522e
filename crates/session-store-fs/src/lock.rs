//! A lock between threads and processes, on the directory of a bucket.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use session_core::StoreError;

use crate::error::{failed, timed_out};

/// How long a writer sleeps before it tries to lock again.
const RETRY: Duration = Duration::from_millis(1);

/// An exclusive `flock` on a directory. It is released on drop, or when the process ends.
///
/// A lock on the record's own file would not do, since a write replaces that file, and a lock file
/// beside it may be removed by a program that cleans up by age, while it is locked. A directory with
/// a file in it cannot be removed.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Waits for the lock until `deadline`; `None` if there is no directory. std can only wait
    /// without a deadline, so this polls.
    pub(crate) fn acquire(directory: &Path, deadline: Instant) -> Result<Option<Self>, StoreError> {
        loop {
            let locked = try_lock(directory)?;
            // The caller has seen a timeout by then, so a write must not follow, even with the
            // lock.
            if Instant::now() >= deadline {
                return Err(timed_out("lock", directory));
            }
            match locked {
                Locked::Ours(file) => return Ok(Some(Self(file))),
                Locked::NoDirectory => return Ok(None),
                Locked::Others => std::thread::sleep(RETRY),
            }
        }
    }

    /// The lock, unless another writer holds it.
    pub(crate) fn try_acquire(directory: &Path) -> Result<Option<Self>, StoreError> {
        Ok(match try_lock(directory)? {
            Locked::Ours(file) => Some(Self(file)),
            Locked::Others | Locked::NoDirectory => None,
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process that is being started may hold a copy of
        // the descriptor for a moment, and with it the lock.
        let _ = self.0.unlock();
    }
}

enum Locked {
    Ours(File),
    Others,
    NoDirectory,
}

/// Opens the directory anew each time: a `flock` belongs to the open file, so threads that share one
/// would not exclude each other.
fn try_lock(path: &Path) -> Result<Locked, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW);
    loop {
        let directory = match options.open(path) {
            Ok(directory) => directory,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Locked::NoDirectory);
            }
            Err(error) => return Err(failed("open the directory", path, error)),
        };
        match directory.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Locked::Others),
            Err(TryLockError::Error(error)) => return Err(failed("lock", path, error)),
        }
        // An empty directory may have been removed since it was opened, and another one created.
        let ours = directory.metadata().map_err(|error| failed("look at", path, error))?;
        match fs::symlink_metadata(path) {
            Ok(now) if (now.dev(), now.ino()) == (ours.dev(), ours.ino()) => {
                return Ok(Locked::Ours(directory));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("look at", path, error)),
        }
    }
}
