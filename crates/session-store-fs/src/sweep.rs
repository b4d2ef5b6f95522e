//! Deletes expired records and what crashed writers left, a slice at a time.

use std::ffi::OsStr;
use std::fs::{self, Metadata, ReadDir};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use session_core::StoreError;

use crate::error::failed;
use crate::lock::Lock;
use crate::store::Shared;
use crate::temp_file;

/// How many files one slice looks at: a few milliseconds of one blocking thread.
const SLICE: usize = 1000;

/// No writer takes this long: its time limit is over long before.
const LEFTOVER_AGE: Duration = Duration::from_secs(600);

/// Where the sweep stopped.
#[derive(Debug, Default)]
pub(crate) struct Cursor(Mutex<Position>);

#[derive(Debug, Default)]
struct Position {
    directory: u8,
    /// The directory as far as it was read, so that one with a million files is not read again from its beginning.
    entries: Option<ReadDir>,
}

/// What a slice did.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    pub(crate) removed: usize,
    /// How many directories it came to the end of.
    pub(crate) directories: usize,
}

impl Shared {
    /// Looks at the next thousand files, or at the rest of this round, and deletes at most `limit`.
    pub(crate) fn sweep_slice(&self, limit: usize) -> Result<Slice, StoreError> {
        let mut position = self.cursor.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.layout.check_present()?;
        let mut slice = Slice::default();
        let mut looks = 0;
        while looks < SLICE && slice.removed < limit && slice.directories <= 256 {
            let number = position.directory;
            match self.next_name(&mut position)? {
                None => slice.directories += 1,
                Some(name) => {
                    looks += 1;
                    slice.removed += usize::from(self.sweep_file(number, &name)?);
                }
            }
        }
        Ok(slice)
    }

    /// `None` at the end of a directory, after which comes the next one.
    fn next_name(&self, position: &mut Position) -> Result<Option<std::ffi::OsString>, StoreError> {
        let path = self.layout.directory(position.directory);
        let next = match position.entries.take() {
            Some(entries) => Ok(entries),
            None => fs::read_dir(&path),
        };
        let next = next.and_then(|mut entries| {
            let name = entries.next().transpose()?.map(|entry| entry.file_name());
            if name.is_some() {
                position.entries = Some(entries);
            }
            Ok(name)
        });
        if !matches!(next, Ok(Some(_))) {
            // Also after an error: one bad directory does not keep the others from being swept.
            position.directory = position.directory.wrapping_add(1);
        }
        match next {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read the directory", &path, error)),
            Ok(name) => Ok(name),
        }
    }

    fn sweep_file(&self, directory: u8, name: &OsStr) -> Result<bool, StoreError> {
        let path = self.layout.directory(directory).join(name);
        let name = name.as_encoded_bytes();
        if name.starts_with(temp_file::PREFIX.as_bytes()) {
            return remove_if(&path, |found| self.is_leftover(found));
        }
        let is_record = name.len() == 62 && name.iter().all(u8::is_ascii_hexdigit);
        let is_expired =
            |found: &Metadata| found.is_file() && self.rules().is_expired(found).unwrap_or(false);
        if !is_record || !check(&path, is_expired)? {
            return Ok(false);
        }
        // Again under the lock, since it may have been written just now. Who holds it is busy here: next time, then.
        match Lock::try_acquire(&self.layout.lock(directory))? {
            Some(_lock) => remove_if(&path, is_expired),
            None => Ok(false),
        }
    }

    /// By the time that its inode was last changed, since a writer sets the others.
    fn is_leftover(&self, found: &Metadata) -> bool {
        let seconds = u64::try_from(found.ctime()).unwrap_or(0);
        let changed: SystemTime = UNIX_EPOCH + Duration::from_secs(seconds);
        let age = self.clock.now().duration_since(changed);
        age.is_ok_and(|age| age > LEFTOVER_AGE)
    }
}

/// Whether there is a file like that.
fn check(path: &Path, is_so: impl Fn(&Metadata) -> bool) -> Result<bool, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(is_so(&found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("look at", path, error)),
    }
}

fn remove_if(path: &Path, is_so: impl Fn(&Metadata) -> bool) -> Result<bool, StoreError> {
    if !check(path, is_so)? {
        return Ok(false);
    }
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("remove", path, error)),
    }
}
