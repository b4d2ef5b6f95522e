//! The directories under the root of a store.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use session_core::{RecordKey, StoreError, StoreErrorKind};

use crate::error::failed;

#[derive(Debug)]
pub(crate) struct Layout {
    root: PathBuf,
    /// The directory that was found at `root` when the store was opened.
    identity: Identity,
}

/// The device and the inode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    fn of(file: &Metadata) -> Self {
        Self(file.dev(), file.ino())
    }
}

/// One of the 256 parts of a store. The first byte of a record's key is the number of its bucket.
pub(crate) struct Bucket {
    /// Holds the records. Created by the first write.
    pub(crate) directory: PathBuf,
}

impl Layout {
    /// Creates the root if it does not exist.
    pub(crate) fn open(root: PathBuf) -> Result<Self, StoreError> {
        if root.as_os_str().is_empty() {
            let message =
                "the session directory has no name; give a path such as /var/lib/shop/sessions";
            return Err(StoreError::new(StoreErrorKind::Config, message));
        }
        create_directory(&root)?;
        let metadata = fs::metadata(&root).map_err(|error| failed("look at", &root, error))?;
        check_private(&root, &metadata)?;
        Ok(Self { root, identity: Identity::of(&metadata) })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn bucket(&self, number: u8) -> Bucket {
        Bucket { directory: self.root.join(format!("{number:02x}")) }
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
        let found = fs::metadata(&self.root)
            .map_err(|error| failed("find the store's directory", &self.root, error))?;
        if Identity::of(&found) == self.identity {
            return Ok(());
        }
        let message = format!(
            "another directory has taken the place of {} since the store was opened: mount the old \
             one again, or restart to use the new one",
            self.root.display()
        );
        Err(StoreError::new(StoreErrorKind::Unavailable, message))
    }

    /// Fails if someone else may write to the bucket, and so create sessions in it. `false` if it
    /// does not exist.
    pub(crate) fn check_bucket(&self, bucket: &Bucket) -> Result<bool, StoreError> {
        match fs::symlink_metadata(&bucket.directory) {
            Ok(metadata) => check_private(&bucket.directory, &metadata).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("look at", &bucket.directory, error)),
        }
    }

    pub(crate) fn create_bucket(&self, bucket: &Bucket) -> Result<(), StoreError> {
        self.check_exists()?;
        create_directory(&bucket.directory)?;
        self.check_bucket(bucket).map(drop)
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

/// Fails if anyone but this process's user may write to the directory: they could create sessions.
fn check_private(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
    let refuse = |what: String| {
        let message = format!("the session directory {} {what}", path.display());
        Err(StoreError::new(StoreErrorKind::Config, message))
    };
    if !metadata.is_dir() {
        return Err(failed("use", path, io::ErrorKind::NotADirectory.into()));
    }
    let (owner, us) = (metadata.uid(), geteuid().as_raw());
    if owner != us {
        return refuse(format!(
            "belongs to user {owner}, who may create sessions in it, and this process runs as user \
             {us}: run it as user {owner}, or chown the directory and all in it"
        ));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o022 != 0 {
        return refuse(format!(
            "has mode {mode:04o}: other users may write to it, and so create sessions; use a \
             directory of its own inside, or chmod go-w"
        ));
    }
    Ok(())
}
