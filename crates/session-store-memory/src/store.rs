//! The store: shards, and what they share.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{
    Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, StoreErrorKind, Version,
};

use crate::MemoryStoreBuilder;
use crate::clock::Clock;
use crate::entry::{Body, Entry, cost};
use crate::limits::{Limits, Totals};
use crate::shard::Shard;

/// Keeps session records in the memory of this process.
///
/// Clones share the records. The [crate's page](crate) has the example, the bounds and what happens at them.
#[derive(Clone)]
pub struct MemoryStore {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    shards: Box<[Padded]>,
    totals: Totals,
    limits: Limits,
    clock: Clock,
    warned: AtomicBool,
    /// The shard that is being swept.
    sweeping: AtomicUsize,
}

/// Two locks on one cache line would slow each other down.
#[repr(align(128))]
struct Padded(Mutex<Shard>);

impl MemoryStore {
    /// What each record counts for, in bytes: its key and version, and room for a body of up to 202 bytes.
    /// A longer body counts its whole length in addition, and 48 bytes.
    ///
    /// Measured: a million records with bodies of 130 bytes take 267 bytes of memory each. With tens of thousands, what is mapped and
    /// half used comes to up to 14 MB in addition.
    pub const RECORD_SIZE: usize = Entry::SIZE;

    /// An empty store with the default bounds.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A store with other bounds.
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder::default()
    }

    /// How many records it holds, expired ones that nobody has asked for since included.
    pub fn len(&self) -> usize {
        self.shared.totals.records.load(Relaxed)
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes it holds, as [`max_bytes`](MemoryStoreBuilder::max_bytes) counts them.
    pub fn bytes(&self) -> usize {
        self.shared.totals.bytes.load(Relaxed)
    }

    /// Moves this store's clock forward, so that a test need not wait for a `ttl` to pass.
    ///
    /// It moves no other clock: when a session ends is decided by the clock of the session policy.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let shard = || Padded(Mutex::default());
        Self {
            shared: Arc::new(Shared {
                shards: (0..limits.shards()).map(|_| shard()).collect(),
                totals: Totals::default(),
                limits,
                clock: Clock::new(),
                warned: AtomicBool::new(false),
                sweeping: AtomicUsize::new(0),
            }),
        }
    }
}

#[async_trait]
impl RecordStore for MemoryStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        Ok(self.shared.load(key))
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let shared = &*self.shared;
        shared.check_size(&body)?;
        // A copy of its own: the caller's may be a slice of something much larger, which it would keep alive uncounted.
        let body = Body::from(&*body);
        let (now, expires) = shared.clock.now_and_after(ttl);
        let place = Shared::place(key);
        let mut shard = shared.lock(place);
        let stored = shard.put(key.digest(), body, expires, &condition, now, &shared.totals);
        let Some(version) = stored else {
            return Ok(PutOutcome::Refused);
        };
        if shared.totals.exceed(shared.limits) {
            shared.make_room(place, shard, version, now);
        }
        Ok(PutOutcome::Stored(Version::from(version)))
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let shared = &*self.shared;
        let now = shared.clock.now();
        let mut shard = shared.lock(Shared::place(key));
        Ok(shard.remove(key.digest(), now, &shared.totals))
    }

    /// Goes around the whole store at most once, on from where the last call stopped. Writes in between may move a few expired records out
    /// of its way, which the next round finds; it holds a lock for a thousand records at
    /// a time, and lets other tasks run in between.
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

    /// The number of a key's shard, before it is cut to how many there are.
    fn place(key: &RecordKey) -> usize {
        let [first, ..] = *key.digest();
        usize::from(first)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the remainder is within the list, which is never empty"
    )]
    fn lock(&self, place: usize) -> MutexGuard<'_, Shard> {
        // The number of shards is a power of two.
        let shard = &self.shards[place & (self.shards.len() - 1)];
        shard.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self, key: &RecordKey) -> Option<Record> {
        let now = self.clock.now();
        let mut shard = self.lock(Self::place(key));
        shard.load(key.digest(), now, &self.totals)
    }

    fn check_size(&self, body: &Bytes) -> Result<(), StoreError> {
        let size = cost(body.len());
        if size <= self.limits.bytes {
            return Ok(());
        }
        let limit = self.limits.bytes;
        Err(StoreError::new(
            StoreErrorKind::TooLarge,
            format!(
                "the record takes {size} bytes and the whole memory store holds {limit}: keep less in the session, or raise max_bytes"
            ),
        ))
    }

    /// Evicts from the shard that was just written to, and from others only where it has nothing else to give.
    fn make_room<'a>(
        &'a self,
        place: usize,
        mut shard: MutexGuard<'a, Shard>,
        keep: u64,
        now: u32,
    ) {
        let mut lost = false;
        for next in 1..=self.shards.len() {
            while self.totals.exceed(self.limits) {
                let Some(evicted) = shard.evict(keep, now, &self.totals) else {
                    break;
                };
                lost |= evicted.is_live(now);
            }
            drop(shard);
            if !self.totals.exceed(self.limits) {
                break;
            }
            shard = self.lock(place + next);
        }
        if lost && !self.warned.swap(true, Relaxed) {
            let Limits { records, bytes } = self.limits;
            tracing::warn!(
                max_records = records,
                max_bytes = bytes,
                "the memory store is full, and forgets the sessions that were least recently used: raise its bounds, or keep \
                 sessions for a shorter time (said once)",
            );
        }
    }

    pub(crate) async fn sweep(&self, limit: usize) -> usize {
        let mut removed = 0;
        // One more than there are, since the first may be entered in its middle.
        for _ in 0..=self.shards.len() {
            let place = self.sweeping.load(Relaxed);
            loop {
                if removed == limit {
                    return removed;
                }
                let now = self.clock.now();
                let (more, ended) =
                    self.lock(place)
                        .sweep(limit - removed, Self::SLICE, now, &self.totals);
                removed += more;
                let_others_run().await;
                if ended {
                    break;
                }
            }
            self.sweeping.store(place.wrapping_add(1), Relaxed);
        }
        removed
    }
}

/// On any runtime.
async fn let_others_run() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
