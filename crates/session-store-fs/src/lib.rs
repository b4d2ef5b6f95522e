//! Session records as files: one a session, safe between processes and across crashes.
//!
//! For one server, or several processes on it, whose sessions survive a restart with nothing else to run. Unix only, on a local
//! file system. It needs a tokio runtime with its timers on: all blocking work runs on tokio's blocking threads.
//!
//! ```
//! use std::time::Duration;
//!
//! use session_core::{Condition, RecordKey, RecordStore, SessionId};
//! use session_store_fs::FsStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let root = std::env::temp_dir().join(format!("session-store-fs-doc-{}", std::process::id()));
//! let store = FsStore::open(&root)?;
//!
//! let key = RecordKey::hashed(&SessionId::random()?);
//! let hour = Duration::from_secs(3600);
//! store.put(&key, "[{},{}]".into(), hour, Condition::IfAbsent).await?;
//! assert!(store.load(&key).await?.is_some());
//! # std::fs::remove_dir_all(root)?;
//! # Ok(())
//! # }
//! ```
#![doc = include_str!("../docs/files.md")]

#[cfg(not(unix))]
compile_error!(
    "session-store-fs runs on Unix only: use session-store-memory, or a server, elsewhere"
);

mod builder;
mod clock;
mod error;
mod expiry;
mod layout;
mod lock;
mod record_file;
mod store;
mod sweep;
mod sweeper;
mod temp_file;

pub use builder::{Durability, FsStoreBuilder};
pub use store::FsStore;

/// What the fuzzer calls; see `fuzz` in the repository.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    use std::fs::File;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use session_core::{Record, StoreError};

    use crate::record_file::{Rules, read_open};

    /// Reads a record's file, whatever it is.
    ///
    /// # Errors
    ///
    /// As a load from the store.
    pub fn read(
        file: File,
        now: SystemTime,
        unmarked_lifetime: Duration,
        max_body: usize,
    ) -> Result<Option<Record>, StoreError> {
        let rules = Rules {
            now,
            unmarked_lifetime,
            max_body,
        };
        read_open(file, Path::new("fuzzed"), rules)
    }
}
