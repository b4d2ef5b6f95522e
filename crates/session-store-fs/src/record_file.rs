//! Reads and removes the file of a record, and refuses anything else in its place.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use bytes::Bytes;
use ring::digest::{SHA256, digest};
use session_core::{Record, StoreError, StoreErrorKind, Version};

use crate::error::failed;

/// The record at `path`; `None` if there is no file. Whether the session in it has expired is for
/// the session policy to say: this machine's clock may be wrong.
pub(crate) fn load(path: &Path, max_body: usize) -> Result<Option<Record>, StoreError> {
    let mut options = OpenOptions::new();
    // Follow no link, and do not wait for the writer of a named pipe.
    options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    match options.open(path) {
        Ok(file) => read(file, path, max_body).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("open", path, error)),
    }
}

/// The record in `file`, which was opened at `path`.
pub(crate) fn read(file: File, path: &Path, max_body: usize) -> Result<Record, StoreError> {
    let metadata = file.metadata().map_err(|error| failed("look at", path, error))?;
    check_type(path, &metadata)?;
    // One byte more than the limit tells a longer file, even one that grows meanwhile.
    let limit = u64::try_from(max_body).unwrap_or(u64::MAX);
    let mut body = Vec::new();
    if metadata.len() <= limit {
        file.take(limit.saturating_add(1))
            .read_to_end(&mut body)
            .map_err(|error| failed("read", path, error))?;
    }
    if metadata.len() > limit || body.len() > max_body {
        let what = format!(
            "is larger than max_body, {limit} bytes: raise max_body, or move the file away"
        );
        return Err(corrupt(path, &what));
    }
    Ok(Record { version: version_of(&body), body: Bytes::from(body) })
}

pub(crate) fn version_of(body: &[u8]) -> Version {
    Version::from_bytes(digest(&SHA256, body).as_ref())
}

/// The metadata of the file itself, if `path` is a link; `None` if there is no file.
pub(crate) fn metadata(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("look at", path, error)),
    }
}

/// Refuses directories, links, pipes and devices.
pub(crate) fn check_type(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(corrupt(path, "is not a plain file, as a record must be: move it away"))
}

/// Removes the file; `false` if there was none.
pub(crate) fn remove(path: &Path) -> Result<bool, StoreError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("remove", path, error)),
    }
}

fn corrupt(path: &Path, what: &str) -> StoreError {
    let message = format!("{} {what}", path.display());
    StoreError::new(StoreErrorKind::Corrupt, message)
}
