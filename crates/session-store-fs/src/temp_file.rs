//! A file that becomes a record by being renamed.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use ring::rand::{SecureRandom, SystemRandom};
use session_core::{StoreError, StoreErrorKind};

use crate::error::failed;

/// What the names of unfinished files begin with.
pub(crate) const PREFIX: &str = ".tmp-";

/// Names that no other process, host or thread uses.
#[derive(Debug)]
pub(crate) struct TempNames {
    store: u64,
    next: AtomicU64,
}

/// Removed when it is dropped, unless it was renamed.
#[derive(Debug)]
pub(crate) struct TempFile {
    file: File,
    path: PathBuf,
    renamed: bool,
}

impl TempNames {
    pub(crate) fn new() -> Result<Self, StoreError> {
        let mut bytes = [0; 8];
        SystemRandom::new().fill(&mut bytes).map_err(|_| {
            let message = "the operating system gives no random bytes to name files with";
            StoreError::new(StoreErrorKind::Unavailable, message)
        })?;
        Ok(Self {
            store: u64::from_ne_bytes(bytes),
            next: AtomicU64::new(0),
        })
    }

    fn next(&self) -> String {
        let number = self.next.fetch_add(1, Relaxed);
        format!("{PREFIX}{:016x}-{number:x}", self.store)
    }
}

impl TempFile {
    /// An empty one; `None` if the directory does not exist.
    pub(crate) fn create(directory: &Path, names: &TempNames) -> Result<Option<Self>, StoreError> {
        let path = directory.join(names.next());
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        match options.open(&path) {
            Ok(file) => Ok(Some(Self {
                file,
                path,
                renamed: false,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("create", &path, error)),
        }
    }

    /// Writes the whole body, to the disk if `sync` says so.
    pub(crate) fn write(&mut self, body: &[u8], sync: bool) -> Result<(), StoreError> {
        let mut written = self.file.write_all(body);
        if sync && written.is_ok() {
            written = self.file.sync_data();
        }
        written.map_err(|error| failed("write", &self.path, error))
    }

    /// Puts it in the record's place, with its expiry.
    ///
    /// A power failure may lose the expiry and keep the body: the file then counts as unmarked, and is kept for longer.
    pub(crate) fn rename(mut self, to: &Path, expiry: SystemTime) -> Result<(), StoreError> {
        // Linux updates a file's access time on a read only while it is older than the others: this one never is, so that a
        // load writes nothing.
        let accessed = expiry + Duration::from_secs(1);
        let times = FileTimes::new().set_modified(expiry).set_accessed(accessed);
        self.file
            .set_times(times)
            .map_err(|error| failed("set the times of", &self.path, error))?;
        fs::rename(&self.path, to).map_err(|error| failed("replace", to, error))?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if !self.renamed {
            // What cannot be removed now is swept later.
            let _ = fs::remove_file(&self.path);
        }
    }
}
