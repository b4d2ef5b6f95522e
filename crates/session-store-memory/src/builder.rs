//! How large a store may become.

use crate::MemoryStore;
use crate::limits::Limits;

/// Builds a [`MemoryStore`] with bounds of your own.
///
/// ```
/// use session_store_memory::MemoryStore;
///
/// let store = MemoryStore::builder().max_records(10_000).build();
/// assert!(store.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct MemoryStoreBuilder {
    limits: Limits,
}

impl MemoryStoreBuilder {
    /// The most records that the store holds, at least one. Default: 1,000,000.
    pub fn max_records(mut self, records: usize) -> Self {
        self.limits.records = records.max(1);
        self
    }

    /// The most bytes that the store holds: for each record, the length of its body and
    /// [`MemoryStore::RECORD_SIZE`]. Default: 512 MiB.
    ///
    /// A record that is larger than this is refused as
    /// [`TooLarge`](session_core::StoreErrorKind::TooLarge).
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// The longest body, in bytes, that the store writes, so that one visitor cannot push out all
    /// others. Default: 1 MiB. A longer one is refused as
    /// [`TooLarge`](session_core::StoreErrorKind::TooLarge).
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.limits.body = bytes;
        self
    }

    /// Builds an empty store.
    pub fn build(self) -> MemoryStore {
        MemoryStore::with_limits(self.limits)
    }
}
