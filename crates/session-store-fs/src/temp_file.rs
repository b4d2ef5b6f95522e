//! A record while it is written: a file that is then renamed over the old one.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ring::rand::{self, SystemRandom};
use session_core::{StoreError, StoreErrorKind};

use crate::error::failed;

/// What the names of temporary files start with.
pub(crate) const PREFIX: &str = ".tmp-";

/// Removed on drop, unless it was renamed.
#[derive(Debug)]
pub(crate) struct TempFile {
    file: File,
    path: PathBuf,
    renamed: bool,
}

impl TempFile {
    /// Creates an empty file; `None` if the directory does not exist.
    pub(crate) fn create(directory: &Path) -> Result<Option<Self>, StoreError> {
        let path = directory.join(random_name()?);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        match options.open(&path) {
            Ok(file) => Ok(Some(Self { file, path, renamed: false })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("create", &path, error)),
        }
    }

    /// Writes the body and its expiry, and waits for the disk if `sync` is set.
    pub(crate) fn write(
        &mut self,
        body: &[u8],
        expires_at: SystemTime,
        sync: bool,
    ) -> Result<(), StoreError> {
        // Linux updates the access time on a read if it is not later than the modification time,
        // which is in the future here: without this, each load would write to the disk.
        let accessed = expires_at + Duration::from_secs(1);
        let times = FileTimes::new().set_modified(expires_at).set_accessed(accessed);
        let mut written = self.file.write_all(body).and_then(|()| self.file.set_times(times));
        if sync && written.is_ok() {
            written = self.file.sync_all();
        }
        written.map_err(|error| failed("write", &self.path, error))
    }

    /// Replaces the record at `path` in one atomic step.
    pub(crate) fn rename(mut self, path: &Path) -> Result<(), StoreError> {
        fs::rename(&self.path, path).map_err(|error| failed("replace", path, error))?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if !self.renamed {
            // If this fails, a sweep removes it later.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A name that no other thread, process or machine uses.
fn random_name() -> Result<String, StoreError> {
    let random = rand::generate::<[u8; 16]>(&SystemRandom::new()).map_err(|_| {
        let message = "the operating system gives no random bytes to name a file with";
        StoreError::new(StoreErrorKind::Unavailable, message)
    })?;
    let random = u128::from_ne_bytes(random.expose());
    Ok(format!("{PREFIX}{random:032x}"))
}
