//! Where everything stands under the root.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use session_core::{RecordKey, StoreError, StoreErrorKind};

use crate::error::failed;

#[derive(Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

/// The paths that one record needs.
pub(crate) struct Place {
    /// The number of its directory, and of that directory's lock.
    pub(crate) directory: u8,
    pub(crate) path: PathBuf,
}

impl Layout {
    /// Makes what is missing of the root and of the lock files.
    pub(crate) fn open(root: PathBuf) -> Result<Self, StoreError> {
        if root.as_os_str().is_empty() {
            let message =
                "the session directory has no name; give a path such as /var/lib/shop/sessions";
            return Err(StoreError::new(StoreErrorKind::Config, message));
        }
        let layout = Self { root };
        make_directory(&layout.root, true)?;
        layout.check_root()?;
        make_directory(&layout.locks(), false)?;
        for directory in 0..=u8::MAX {
            let path = layout.lock(directory);
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            match options.open(&path) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // On a read-only file system, an existing one still serves for reading.
                Err(_) if path.is_file() => {}
                Err(error) => return Err(failed("create the lock file", &path, error)),
            }
        }
        Ok(layout)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn place(&self, key: &RecordKey) -> Place {
        let [directory, ..] = *key.digest();
        let hex = key.hex();
        let (_, name) = hex.split_at(2);
        Place {
            directory,
            path: self.directory(directory).join(name),
        }
    }

    pub(crate) fn directory(&self, number: u8) -> PathBuf {
        self.root.join(format!("{number:02x}"))
    }

    pub(crate) fn lock(&self, number: u8) -> PathBuf {
        self.locks().join(format!("{number:02x}"))
    }

    /// Fails where the whole store is missing, so that an unmounted volume never looks like unknown sessions.
    pub(crate) fn check_present(&self) -> Result<(), StoreError> {
        let locks = self.locks();
        match fs::symlink_metadata(&locks) {
            Ok(_) => Ok(()),
            Err(error) => Err(failed("find the store's directory", &locks, error)),
        }
    }

    /// Makes the directory of some records; whether it is new.
    pub(crate) fn make_directory(&self, number: u8) -> Result<(), StoreError> {
        self.check_present()?;
        make_directory(&self.directory(number), false)
    }

    fn locks(&self) -> PathBuf {
        self.root.join(".locks")
    }

    fn check_root(&self) -> Result<(), StoreError> {
        let root = &self.root;
        let found = fs::metadata(root).map_err(|error| failed("look at", root, error))?;
        let config = |what: &str| {
            let message = format!("the session directory {} {what}", root.display());
            StoreError::new(StoreErrorKind::Config, message)
        };
        if !found.is_dir() {
            return Err(config(
                "is a file, and must be a directory: name another, or move it away",
            ));
        }
        let mode = found.permissions().mode() & 0o7777;
        if mode & 0o022 != 0 {
            return Err(config(&format!(
                "has mode {mode:04o}: others may write to it, and so make sessions; use a directory of its own inside, or chmod go-w",
            )));
        }
        Ok(())
    }
}

fn make_directory(path: &Path, parents: bool) -> Result<(), StoreError> {
    match DirBuilder::new()
        .recursive(parents)
        .mode(0o700)
        .create(path)
    {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(failed("create the directory", path, error)),
    }
}
