//! How large a store may become.

use crate::MemoryStore;
use crate::limits::Limits;

/// Makes a [`MemoryStore`] with other bounds than the default ones.
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
    /// The most records that it holds. Default: 1,000,000; at least one, and at most 500 million.
    pub fn max_records(mut self, records: usize) -> Self {
        self.limits.records = records.clamp(1, Limits::MOST_RECORDS);
        self
    }

    /// The most bytes that it holds: [`MemoryStore::RECORD_SIZE`] for each record, and the bodies that are longer than what that
    /// has room for. Default: 512 MiB.
    ///
    /// A record that needs more than this by itself is refused as
    /// [`TooLarge`](session_core::StoreErrorKind::TooLarge).
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// The store, empty.
    pub fn build(self) -> MemoryStore {
        MemoryStore::with(self.limits)
    }
}
