#![doc = include_str!("../README.md")]
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

    use crate::{expiry, record_file};

    /// Reads any file as a record, and tells whether a sweep would delete it.
    ///
    /// # Errors
    ///
    /// As a load from the store.
    pub fn read(
        file: File,
        now: SystemTime,
        unmarked_lifetime: Duration,
        max_body: usize,
    ) -> Result<(Record, bool), StoreError> {
        let expired =
            file.metadata().is_ok_and(|file| expiry::is_expired(&file, now, unmarked_lifetime));
        let record = record_file::read(file, Path::new("fuzzed"), max_body)?;
        Ok((record, expired))
    }
}
