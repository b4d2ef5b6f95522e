//! The settings of a store.

use std::path::PathBuf;
use std::time::Duration;

use session_core::StoreError;

use crate::FsStore;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a stored record survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Durability {
    /// A crash of any process, at any moment.
    #[default]
    Process,
    /// A power failure too. Each write waits for the disk.
    Disk,
}

/// Opens an [`FsStore`] with settings of your own.
///
/// ```
/// use session_store_fs::{Durability, FsStore};
///
/// # let root = std::env::temp_dir().join(format!("session-store-fs-doc-{}", std::process::id()));
/// let store = FsStore::builder(&root)
///     .durability(Durability::Disk)
///     .open()?;
/// # std::fs::remove_dir_all(root).unwrap();
/// # Ok::<(), session_core::StoreError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it opens the store"]
pub struct FsStoreBuilder {
    root: PathBuf,
    settings: Settings,
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
                max_body: 1 << 20,
                time_limit: Duration::from_secs(2),
                unmarked_lifetime: DAY * 30,
            },
        }
    }

    /// What a stored record survives. Default: [`Durability::Process`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = durability;
        self
    }

    /// The longest body, in bytes, that the store writes or reads. Default: 1 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// The time limit for a load, a put or a remove, including the wait for a lock. Default: 2 s.
    /// The longest is a day.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.settings.time_limit = limit.min(DAY);
        self
    }

    /// How long the store keeps a file that another program wrote, from its last write.
    /// Default: 30 days.
    pub fn unmarked_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.unmarked_lifetime = lifetime;
        self
    }

    /// Opens the store, and creates its root directory if it does not exist. This blocks for a few
    /// file operations, so do it at startup.
    ///
    /// # Errors
    ///
    /// The root cannot be created, is not a directory, belongs to another user than this process, or
    /// is writable by its group or by everyone.
    pub fn open(self) -> Result<FsStore, StoreError> {
        FsStore::new(self.root, self.settings)
    }
}
