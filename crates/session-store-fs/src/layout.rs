//! The directories under the root of a store.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use session_core::{RecordKey, StoreError, StoreErrorKind};

use crate::error::failed;

#[derive(Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

/// One of the 256 parts of a store. The first byte of a record's key is the number of its bucket.
pub(crate) struct Bucket {
    /// Holds the records. Created by the first write.
    pub(crate) directory: PathBuf,
    /// The file that a writer locks. A lock on the record's own file would not do, since a write
    /// replaces that file.
    pub(crate) lock: PathBuf,
}

impl Layout {
    /// Creates the root and the directory of the lock files, if they do not exist.
    pub(crate) fn open(root: PathBuf) -> Result<Self, StoreError> {
        if root.as_os_str().is_empty() {
            let message =
                "the session directory has no name; give a path such as /var/lib/shop/sessions";
            return Err(StoreError::new(StoreErrorKind::Config, message));
        }
        create_directory(&root)?;
        check_root(&root)?;
        let layout = Self { root };
        create_directory(&layout.locks())?;
        Ok(layout)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn bucket(&self, number: u8) -> Bucket {
        let name = format!("{number:02x}");
        Bucket { lock: self.locks().join(&name), directory: self.root.join(name) }
    }

    /// The bucket of a record, and the path of its file.
    pub(crate) fn locate(&self, key: &RecordKey) -> (Bucket, PathBuf) {
        let [number, ..] = *key.digest();
        let bucket = self.bucket(number);
        let hex = key.hex();
        let (_, name) = hex.split_at(2);
        let path = bucket.directory.join(name);
        (bucket, path)
    }

    /// Fails if the store itself is missing, so that an unmounted volume is an outage, and not a
    /// store without sessions.
    pub(crate) fn check_exists(&self) -> Result<(), StoreError> {
        let locks = self.locks();
        match fs::symlink_metadata(&locks) {
            Ok(_) => Ok(()),
            Err(error) => Err(failed("find the store's directory", &locks, error)),
        }
    }

    pub(crate) fn create_bucket(&self, bucket: &Bucket) -> Result<(), StoreError> {
        self.check_exists()?;
        create_directory(&bucket.directory)
    }

    fn locks(&self) -> PathBuf {
        self.root.join(".locks")
    }
}

/// Creates `path` and its parents; one that exists already is fine.
fn create_directory(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| failed("create the directory", path, error))
}

fn check_root(root: &Path) -> Result<(), StoreError> {
    let metadata = fs::metadata(root).map_err(|error| failed("look at", root, error))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o022 == 0 {
        return Ok(());
    }
    let message = format!(
        "the session directory {} has mode {mode:04o}: other users may write to it, and so create \
         sessions; use a directory of its own inside, or chmod go-w",
        root.display()
    );
    Err(StoreError::new(StoreErrorKind::Config, message))
}
