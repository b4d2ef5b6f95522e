//! The store, as the engine uses it: decoded records, and errors told from unknown outcomes.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tracing::debug;

use crate::body::{Content, Kind, Meta, Tombstone, WriteId};
use crate::clock::CLOCK_SKEW;
use crate::error::{Error, Result};
use crate::policy::{Lifetime, SessionPolicy};
use crate::record::{Condition, PutOutcome, RecordKey, Version};
use crate::snapshot::{Snapshot, Unwritten};
use crate::store::RecordStore;
use crate::store_error::{StoreError, StoreErrorKind};

/// A store during one operation of the engine.
pub(crate) struct Records<'a> {
    pub(super) store: &'a dyn RecordStore,
    pub(super) policy: &'a SessionPolicy,
    /// When the operation began.
    pub(super) now: u64,
    started: Instant,
}

/// A record that was loaded.
pub(super) struct Loaded {
    pub(super) snapshot: Snapshot,
    pub(super) content: Content,
}

/// The result of a conditional write.
pub(super) enum Written {
    Stored(Version),
    /// The record has changed.
    Refused,
    /// The write may have been applied, or may still be applied later.
    Unknown(StoreError),
}

/// Counts the writes of one operation whose outcome is unknown.
#[derive(Default)]
pub(super) struct Failures(u8);

impl Failures {
    const LIMIT: u8 = 2;

    /// Returns the error for the caller to report if it cannot find out what happened; fails if
    /// there were too many.
    pub(super) fn count(&mut self, error: StoreError) -> Result<StoreError> {
        self.0 += 1;
        if self.0 >= Self::LIMIT {
            return Err(error.into());
        }
        debug!(%error, "a write to the session store has an unknown outcome; loading the record");
        Ok(error)
    }
}

impl<'a> Records<'a> {
    /// A session that other requests change so often that it is not saved in this time is an error.
    const TIME_LIMIT: Duration = Duration::from_secs(5);

    /// How many records one logout destroys. A session that changed its id more often than that
    /// within a minute is an attack or a defect.
    pub(super) const MAX_DESTROYED: usize = 256;

    pub(crate) fn new(store: &'a dyn RecordStore, policy: &'a SessionPolicy) -> Self {
        Self { store, policy, now: policy.now(), started: Instant::now() }
    }

    /// Fails if the operation has tried for too long.
    pub(super) fn check_time(&self) -> Result<()> {
        if self.started.elapsed() < Self::TIME_LIMIT {
            return Ok(());
        }
        Err(Error::Store(StoreError::new(
            StoreErrorKind::Timeout,
            "other requests changed the session for 5 seconds without a pause; let fewer requests \
             write one session at once",
        )))
    }

    pub(super) async fn load(&self, key: &RecordKey) -> Result<Option<Loaded>> {
        let Some(record) = self.store.load(key).await? else {
            return Ok(None);
        };
        let now = self.policy.now();
        let (snapshot, content) = Snapshot::decode(key.clone(), record, self.policy, now)?;
        Ok(Some(Loaded { snapshot, content }))
    }

    pub(super) async fn put(&self, record: &Unwritten, condition: Condition) -> Result<Written> {
        let ttl = self.ttl(&record.meta);
        self.written(self.store.put(&record.key, record.body.clone(), ttl, condition).await)
    }

    /// Errors that promise that nothing was written are returned as they are; all others are
    /// [`Written::Unknown`].
    pub(super) fn written(&self, put: Result<PutOutcome, StoreError>) -> Result<Written> {
        match put {
            Ok(PutOutcome::Stored(version)) => Ok(Written::Stored(version)),
            Ok(PutOutcome::Refused) => Ok(Written::Refused),
            Err(error) => match error.kind() {
                StoreErrorKind::TooLarge
                | StoreErrorKind::Corrupt
                | StoreErrorKind::Config
                | StoreErrorKind::Unconfirmed => Err(error.into()),
                _ => Ok(Written::Unknown(error)),
            },
        }
    }

    /// How long the store keeps a record: until no server counts it, and no request that opened it
    /// in time may save it.
    fn ttl(&self, meta: &Meta) -> Duration {
        let longer = match meta.tombstone {
            Some(_) => CLOCK_SKEW,
            None => CLOCK_SKEW.max(self.policy.window()),
        };
        let remaining = (meta.deadline + longer).saturating_sub(self.now);
        Duration::from_millis(remaining.max(1000))
    }

    /// Writes a tombstone over the records in `queue`, the last one first, over those that they moved
    /// to, and over those that they came from. `known` is one of them, as it is stored now. Returns
    /// whether these were `most` at most. Records that were `seen` before are left out.
    pub(super) async fn destroy(
        &self,
        mut queue: Vec<RecordKey>,
        mut known: Option<Snapshot>,
        most: usize,
        seen: &mut HashSet<RecordKey>,
    ) -> Result<bool> {
        let mut destroyed = 0;
        while let Some(key) = queue.pop() {
            if !seen.insert(key.clone()) {
                continue;
            }
            if destroyed == most {
                return Ok(false);
            }
            let known = known.take_if(|known| known.key == key);
            if let Some((meta, newly)) = self.destroy_one(&key, known).await? {
                destroyed += usize::from(newly);
                let now = self.policy.now();
                queue.extend(meta.prev.filter(|prev| prev.counts(now)).map(|prev| prev.key));
                queue.extend(meta.tombstone.into_iter().flat_map(|it| it.successors));
            }
        }
        Ok(true)
    }

    pub(super) fn too_many_moves() -> Error {
        Error::Store(StoreError::new(
            StoreErrorKind::Unavailable,
            "the session changed its id so often that not every record was destroyed; log out again",
        ))
    }

    /// Writes a tombstone over the record at `key`. Returns what the record last said of itself,
    /// and whether it was not destroyed before; `None` if there was no record.
    async fn destroy_one(
        &self,
        key: &RecordKey,
        mut known: Option<Snapshot>,
    ) -> Result<Option<(Meta, bool)>> {
        let mut failures = Failures::default();
        let mut unknown: Option<StoreError> = None;
        let mut last_seen = None;
        loop {
            self.check_time()?;
            let found = match known.take() {
                Some(known) => known,
                // A record that has expired may still be alive by another server's clock.
                None => match self.load(key).await {
                    Ok(None) => return Ok(last_seen.map(|meta| (meta, false))),
                    Ok(Some(loaded)) => loaded.snapshot,
                    Err(error) if self.policy.may_replace(&error) => {
                        self.store.remove(key).await?;
                        return Ok(None);
                    }
                    Err(error) => return Err(unknown.map_or(error, Into::into)),
                },
            };
            if found.meta.kind() == Some(Kind::Destroyed) {
                return Ok(Some((found.meta, false)));
            }
            last_seen = Some(found.meta.clone());
            let meta = self.destroyed(found.meta)?;
            let tombstone = Snapshot::encode(key.clone(), &Content::default(), meta)?;
            let condition = Condition::IfVersion(found.version);
            match self.put(&tombstone, condition).await? {
                Written::Stored(_) => return Ok(Some((tombstone.meta, true))),
                Written::Refused => {}
                Written::Unknown(error) => unknown = Some(failures.count(error)?),
            }
        }
    }

    /// Writes a tombstone at `key` if there is no record, so that none can be created there. Returns
    /// whether there is a tombstone now.
    pub(super) async fn forbid(&self, key: &RecordKey) -> Result<bool> {
        let meta = self.destroyed(Meta::new(key, self.now, self.now, Lifetime::Policy))?;
        let tombstone = Snapshot::encode(key.clone(), &Content::default(), meta)?;
        match self.put(&tombstone, Condition::IfAbsent).await? {
            Written::Stored(_) => Ok(true),
            Written::Refused => Ok(false),
            // The caller looks at the record again.
            Written::Unknown(error) => {
                debug!(%error, "a tombstone for a record that is not there may not be written");
                Ok(false)
            }
        }
    }

    /// The metadata of the tombstone for a session with this metadata. It still names the
    /// successors, so that a logout that comes after a crash finds them too.
    fn destroyed(&self, meta: Meta) -> Result<Meta> {
        let now = self.policy.now();
        let successors = meta.tombstone.map(|tombstone| tombstone.successors);
        Ok(Meta {
            deadline: now + self.policy.window(),
            writes: meta.writes.with_newer([WriteId::random()?]),
            tombstone: Some(Box::new(Tombstone {
                kind: Kind::Destroyed,
                kept_until: 0,
                successors: successors.unwrap_or_default(),
            })),
            ..meta
        })
    }
}
