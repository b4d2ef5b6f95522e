//! Reads the file of a record, and nothing that is not one.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ring::digest::{SHA256, digest};
use session_core::{Record, StoreError, StoreErrorKind, Version};

use crate::error::failed;
use crate::expiry;

/// What makes a file a live record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) now: SystemTime,
    pub(crate) unmarked_lifetime: Duration,
    pub(crate) max_body: usize,
}

impl Rules {
    pub(crate) fn is_expired(&self, found: &Metadata) -> io::Result<bool> {
        let modified = found.modified()?;
        Ok(expiry::has_passed(
            modified,
            self.now,
            self.unmarked_lifetime,
        ))
    }
}

/// The live record at `path`; `None` where there is no file, or an expired one.
pub(crate) fn read(path: &Path, rules: Rules) -> Result<Option<Record>, StoreError> {
    match open(path) {
        Ok(file) => read_open(file, path, rules),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("open", path, error)),
    }
}

/// The live record in `file`, which was opened at `path`.
pub(crate) fn read_open(
    file: File,
    path: &Path,
    rules: Rules,
) -> Result<Option<Record>, StoreError> {
    let found = file
        .metadata()
        .map_err(|error| failed("look at", path, error))?;
    check_kind(path, &found)?;
    if rules
        .is_expired(&found)
        .map_err(|error| failed("read the times of", path, error))?
    {
        return Ok(None);
    }
    let body = read_body(file, found.len(), rules.max_body)
        .map_err(|error| failed("read", path, error))?;
    let Some(body) = body else {
        let limit = rules.max_body;
        let what = format!(
            "is larger than max_body, {limit} bytes: raise max_body, or move the file away"
        );
        return Err(corrupt(path, &what));
    };
    Ok(Some(Record {
        version: version_of(&body),
        body: Bytes::from(body),
    }))
}

pub(crate) fn version_of(body: &[u8]) -> Version {
    Version::from_bytes(digest(&SHA256, body).as_ref())
}

/// Refuses whatever is not a plain file.
pub(crate) fn check_kind(path: &Path, found: &Metadata) -> Result<(), StoreError> {
    if found.is_file() {
        Ok(())
    } else {
        Err(corrupt(
            path,
            "is not a plain file, as a record must be: move it away",
        ))
    }
}

/// Follows no link, and waits for no pipe.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}

/// `None` if it is longer than `max`, whatever its length was said to be.
fn read_body(file: File, len: u64, max: usize) -> io::Result<Option<Vec<u8>>> {
    let expected = usize::try_from(len).unwrap_or(usize::MAX);
    if expected > max {
        return Ok(None);
    }
    let mut body = Vec::with_capacity(expected);
    file.take((max as u64).saturating_add(1))
        .read_to_end(&mut body)?;
    Ok((body.len() <= max).then_some(body))
}

fn corrupt(path: &Path, what: &str) -> StoreError {
    let message = format!("{} {what}", path.display());
    StoreError::new(StoreErrorKind::Corrupt, message)
}
