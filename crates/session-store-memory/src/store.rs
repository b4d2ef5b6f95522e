//! The store: its shards, and what they share.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, Version};

use crate::MemoryStoreBuilder;
use crate::clock::{Clock, deadline};
use crate::limits::{self, Limits, Usage};
use crate::shard::{Entry, Shard};

/// Keeps session records in the memory of this process.
///
/// Clones share the records. The [crate's page](crate) has an example, and says how the store is
/// bounded and what happens when it is full.
#[derive(Clone)]
pub struct MemoryStore {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    shards: Box<[Mutex<Shard>]>,
    limits: Limits,
    usage: Usage,
    clock: Clock,
    /// The last version that was given to a record. One counter for the whole store: a counter for
    /// each record would start again after a removal, and accept a write from before it.
    version: AtomicU64,
    /// The shard that the next sweep goes on with.
    sweeping: AtomicUsize,
    /// Whether the log has said that the store is full.
    warned: AtomicBool,
}

impl MemoryStore {
    /// What each record counts for besides its body, in bytes: its key, its place in the store and
    /// the allocator's overhead.
    ///
    /// Measured on Linux, these take 120 to 138 bytes, depending on how the allocator rounds the
    /// length of the body: a million records with bodies of 130 bytes take 260 bytes each.
    pub const RECORD_SIZE: usize = limits::RECORD_SIZE;

    /// An empty store with the default bounds.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Sets the bounds of a store.
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder::default()
    }

    /// How many records the store holds. Expired records count until they are removed.
    pub fn len(&self) -> usize {
        self.shared.usage.records()
    }

    /// Whether the store holds no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes the store holds, counted as for [`max_bytes`](MemoryStoreBuilder::max_bytes).
    pub fn bytes(&self) -> usize {
        self.shared.usage.bytes()
    }

    /// Moves this store's clock forward, so that a test need not wait until a record expires.
    ///
    /// The clock of the session policy decides when a session ends, and is not moved.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
    }

    pub(crate) fn with_limits(limits: Limits) -> Self {
        Self {
            shared: Arc::new(Shared {
                shards: (0..limits.shards()).map(|_| Mutex::default()).collect(),
                limits,
                usage: Usage::default(),
                clock: Clock::new(),
                version: AtomicU64::new(0),
                sweeping: AtomicUsize::new(0),
                warned: AtomicBool::new(false),
            }),
        }
    }
}

#[async_trait]
impl RecordStore for MemoryStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let shared = &*self.shared;
        let now = shared.clock.now();
        let mut shard = shared.lock(Shared::place(key));
        Ok(shard.load(key.digest(), now, &shared.usage))
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let shared = &*self.shared;
        shared.limits.check(&body)?;
        let now = shared.clock.now();
        let version = shared.version.fetch_add(1, Relaxed) + 1;
        // Copies the body before the lock is taken.
        let entry = Entry::new(&body, version, deadline(now, ttl));
        let place = Shared::place(key);
        let stored = shared.lock(place).put(key.digest(), entry, &condition, now, &shared.usage);
        if !stored {
            return Ok(PutOutcome::Refused);
        }
        shared.make_space(place, version, now);
        Ok(PutOutcome::Stored(Version::from(version)))
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let shared = &*self.shared;
        let now = shared.clock.now();
        let mut shard = shared.lock(Shared::place(key));
        Ok(shard.remove(key.digest(), now, &shared.usage))
    }

    /// Goes on where the last call stopped, and at most once around the whole store. It holds a
    /// lock for 1,024 records at a time, and lets other tasks run in between.
    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        Ok(self.shared.sweep(limit).await)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("len", &self.len())
            .field("bytes", &self.bytes())
            .field("limits", &self.shared.limits)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// How many records a sweep looks at under one lock.
    const SLICE: usize = 1024;

    /// Chooses the key's shard, for [`lock`](Self::lock).
    fn place(key: &RecordKey) -> usize {
        let [first, ..] = *key.digest();
        usize::from(first)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the remainder is within the list, which is never empty"
    )]
    fn lock(&self, place: usize) -> MutexGuard<'_, Shard> {
        let shard = &self.shards[place % self.shards.len()];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Evicts one record after the other until the store is within its bounds, never the one with
    /// the version `written`.
    ///
    /// It starts at the shard that was written to, takes one record from each shard, and skips
    /// those with fewer records than the average. So all shards stay equally full, and a large
    /// record does not log out the users who share its shard.
    fn make_space(&self, mut place: usize, written: u64, now: u64) {
        let (mut skipped, mut lost) = (0, false);
        while self.usage.exceeds(self.limits) && skipped < self.shards.len() {
            let average = self.usage.records() / self.shards.len();
            let evicted = self.lock(place).evict(average, written, now, &self.usage);
            match evicted {
                Some(entry) => {
                    lost |= entry.is_live(now);
                    skipped = 0;
                }
                None => skipped += 1,
            }
            place += 1;
        }
        if lost && !self.warned.swap(true, Relaxed) {
            tracing::warn!(
                max_records = self.limits.records,
                max_bytes = self.limits.bytes,
                "the memory store is full and evicts the least recently used sessions: raise its \
                 bounds, or keep sessions for a shorter time (logged once)",
            );
        }
    }

    pub(crate) async fn sweep(&self, limit: usize) -> usize {
        let mut removed = 0;
        // One more than there are shards, since the last call may have stopped within the first.
        for _ in 0..=self.shards.len() {
            let place = self.sweeping.load(Relaxed);
            loop {
                if removed == limit {
                    return removed;
                }
                let now = self.clock.now();
                let (expired, complete) =
                    self.lock(place).sweep(Self::SLICE, limit - removed, now, &self.usage);
                removed += expired.len();
                // Frees the bodies after the lock was released.
                drop(expired);
                yield_now().await;
                if complete {
                    break;
                }
            }
            self.sweeping.store(place.wrapping_add(1), Relaxed);
        }
        removed
    }
}

/// Lets other tasks run, on any runtime.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
#[path = "../tests/unit/store.rs"]
mod tests;
