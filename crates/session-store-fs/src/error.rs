//! What the file system said, in words that name the path and the remedy.

use std::io;
use std::path::Path;

use session_core::{StoreError, StoreErrorKind};

/// `doing` completes "could not ...".
pub(crate) fn failed(doing: &str, path: &Path, error: io::Error) -> StoreError {
    use StoreErrorKind::{Config, Corrupt, Unavailable};
    use io::ErrorKind as Io;

    let (kind, why) = match error.kind() {
        Io::StorageFull => (Unavailable, "the disk is full: free some space"),
        Io::QuotaExceeded => (Unavailable, "the disk quota is used up: free some space"),
        Io::ReadOnlyFilesystem => (Unavailable, "it is mounted read-only: mount it writable"),
        Io::PermissionDenied => (
            Config,
            "permission denied: the directory must belong to the user that runs this process; make it for them, or name one that they may make",
        ),
        Io::NotADirectory => (
            Config,
            "a file stands where a directory is expected: move it away",
        ),
        Io::NotFound => (
            Unavailable,
            "it has vanished: is the file system mounted, and was the store's directory removed?",
        ),
        _ if is_link(&error) => (
            Corrupt,
            "it is a symbolic link: put a plain file in its place, or remove it",
        ),
        _ => (Unavailable, "see the source"),
    };
    let message = format!("could not {doing} {}: {why} ({error})", path.display());
    StoreError::new(kind, message).with_source(error)
}

/// What `O_NOFOLLOW` answers.
fn is_link(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ELOOP | libc::EMLINK))
}

pub(crate) fn timed_out(doing: &str, path: &Path) -> StoreError {
    StoreError::new(
        StoreErrorKind::Timeout,
        format!(
            "could not {doing} {} in time: the disk is slow, or another process holds the lock",
            path.display()
        ),
    )
}
