//! Deletes expired records and stale temporary files, one bucket at a time.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, UNIX_EPOCH};

use session_core::StoreError;

use crate::error::failed;
use crate::layout::Bucket;
use crate::lock::Lock;
use crate::record_file::{metadata, remove};
use crate::store::Shared;
use crate::temp_file;

/// From this age on, a temporary file is from a writer that crashed.
const STALE_AGE: Duration = Duration::from_secs(600);

impl Shared {
    /// Deletes at most `limit` files of one bucket, and returns how many it deleted.
    pub(crate) fn sweep_bucket(&self, number: u8, limit: usize) -> Result<usize, StoreError> {
        self.layout.check_exists()?;
        let bucket = self.layout.bucket(number);
        if !self.layout.check_bucket(&bucket)? {
            return Ok(0);
        }
        let unreadable = |error| failed("read the directory", &bucket.directory, error);
        let entries = match fs::read_dir(&bucket.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(unreadable(error)),
        };
        let mut removed = 0;
        for entry in entries {
            if removed >= limit {
                break;
            }
            let name = entry.map_err(unreadable)?.file_name();
            removed += usize::from(self.sweep_file(&bucket, &name)?);
        }
        Ok(removed)
    }

    fn sweep_file(&self, bucket: &Bucket, name: &OsStr) -> Result<bool, StoreError> {
        let path = bucket.directory.join(name);
        let name = name.as_encoded_bytes();
        if name.starts_with(temp_file::PREFIX.as_bytes()) {
            let stale = metadata(&path)?.is_some_and(|file| self.is_stale(&file));
            return if stale { remove(&path) } else { Ok(false) };
        }
        let is_record = name.len() == 62 && name.iter().all(u8::is_ascii_hexdigit);
        let is_expired = |file: Metadata| file.is_file() && self.is_expired(&file);
        if !is_record || !metadata(&path)?.is_some_and(is_expired) {
            return Ok(false);
        }
        // Without the lock, a writer may replace the record between the check and the removal. If
        // one holds the lock now, a later sweep takes the record.
        let Some(_lock) = Lock::try_acquire(&bucket.directory)? else {
            return Ok(false);
        };
        let expired = metadata(&path)?.is_some_and(is_expired);
        if expired { remove(&path) } else { Ok(false) }
    }

    /// The inode's change time tells the age: a writer sets the other times itself.
    fn is_stale(&self, file: &Metadata) -> bool {
        let changed = Duration::from_secs(u64::try_from(file.ctime()).unwrap_or(0));
        let age = self.clock.now().duration_since(UNIX_EPOCH + changed);
        age.is_ok_and(|age| age > STALE_AGE)
    }
}
