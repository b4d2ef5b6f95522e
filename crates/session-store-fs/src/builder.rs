//! How a store is opened.

use std::path::PathBuf;
use std::time::Duration;

use session_core::StoreError;

use crate::FsStore;

/// What an answered write survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Durability {
    /// The end of any process, at any moment.
    #[default]
    Process,
    /// A power failure too. A write takes about six times as long.
    Disk,
}

/// Opens an [`FsStore`] with other settings than the default ones.
///
/// ```
/// use session_store_fs::{Durability, FsStore};
///
/// # let root = std::env::temp_dir().join(format!("session-store-fs-builder-{}", std::process::id()));
/// let store = FsStore::builder(&root)
///     .durability(Durability::Disk)
///     .open()?;
/// # std::fs::remove_dir_all(root).unwrap();
/// # Ok::<(), session_core::StoreError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct FsStoreBuilder {
    root: PathBuf,
    pub(crate) settings: Settings,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) durability: Durability,
    pub(crate) max_body: usize,
    pub(crate) time_limit: Duration,
    pub(crate) unmarked_lifetime: Duration,
}

impl FsStoreBuilder {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root,
            settings: Settings {
                durability: Durability::default(),
                max_body: 4 << 20,
                time_limit: Duration::from_secs(2),
                unmarked_lifetime: Duration::from_secs(30 * 24 * 3600),
            },
        }
    }

    /// What an answered write survives. Default: [`Durability::Process`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = durability;
        self
    }

    /// The longest body, in bytes, that is written, and that is read into memory. Default: 4 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// How long a load, a put or a remove may take, waiting for a lock included. Default: 2 s.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.settings.time_limit = limit;
        self
    }

    /// How long a file that something else wrote is kept after it was last written. Default: 30 days.
    pub fn unmarked_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.unmarked_lifetime = lifetime;
        self
    }

    /// Opens the store, and makes its root where there is none. It blocks for a few file operations: do this at start-up.
    ///
    /// # Errors
    ///
    /// The root cannot be made, is not a directory, or may be written to by its group or by everyone.
    pub fn open(self) -> Result<FsStore, StoreError> {
        FsStore::with(self.root, self.settings)
    }
}
