//! Errors of the file system, with the path and what to do about them.

use std::io;
use std::path::Path;

use session_core::{StoreError, StoreErrorKind};

/// An operation on `path` failed; `action` completes "could not ...".
pub(crate) fn failed(action: &str, path: &Path, error: io::Error) -> StoreError {
    use StoreErrorKind::{Config, Corrupt, Unavailable};
    use io::ErrorKind as Io;

    let (kind, why) = match error.kind() {
        Io::StorageFull => (Unavailable, "the disk is full: free some space"),
        Io::QuotaExceeded => (Unavailable, "the disk quota is used up: free some space"),
        Io::ReadOnlyFilesystem => (Unavailable, "it is mounted read-only: mount it writable"),
        Io::PermissionDenied => (
            Config,
            "permission denied: the directory must belong to the user that runs this process; \
             create it for that user, or use one that the user may create",
        ),
        Io::NotADirectory | Io::AlreadyExists => (
            Config,
            "a file is in the place of a directory: move it away, or use another directory",
        ),
        Io::NotFound => (
            Unavailable,
            "it has vanished: is the file system mounted, and was the store's directory removed?",
        ),
        // `O_NOFOLLOW` on a symbolic link.
        _ if matches!(error.raw_os_error(), Some(libc::ELOOP | libc::EMLINK)) => {
            (Corrupt, "it is a symbolic link: put a plain file in its place, or remove it")
        }
        _ => (Unavailable, "see the source"),
    };
    let message = format!("could not {action} {}: {why} ({error})", path.display());
    StoreError::new(kind, message).with_source(error)
}

pub(crate) fn timed_out(action: &str, path: &Path) -> StoreError {
    let path = path.display();
    let message = format!(
        "could not {action} {path} in time: the disk is slow, or another process holds the lock"
    );
    StoreError::new(StoreErrorKind::Timeout, message)
}
