//! One save: the steps that all plans share.

use std::time::{Duration, Instant};

use tracing::debug;

use super::Plan;
use crate::body::{Content, Meta, Prev, WriteId, WriteIds};
use crate::change::{Batch, replay};
use crate::clock::CLOCK_SKEW;
use crate::error::{Error, Result};
use crate::origin::{Origin, Unanswered};
use crate::policy::SessionPolicy;
use crate::record::{Condition, PutOutcome, RecordKey, Version};
use crate::snapshot::{Snapshot, Unwritten};
use crate::state::{Session, State};
use crate::store::RecordStore;
use crate::store_error::{StoreError, StoreErrorKind};

pub(super) struct Save<'a> {
    pub(super) store: &'a dyn RecordStore,
    pub(super) session: &'a Session,
    pub(super) policy: &'a SessionPolicy,
    /// When the save began.
    pub(super) now: u64,
    started: Instant,
    /// The intent that this save carries out; see [`State::intent_revision`].
    intent_revision: u32,
}

/// A record that was loaded again.
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

/// Counts the writes of one save whose outcome is unknown.
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

impl<'a> Save<'a> {
    /// A session that other requests change so often that it is not saved in this time is an error.
    const TIME_LIMIT: Duration = Duration::from_secs(5);

    /// A save of `session`, and what it has to do.
    pub(super) fn start(
        store: &'a dyn RecordStore,
        session: &'a Session,
        policy: &'a SessionPolicy,
    ) -> (Self, Plan) {
        let state = session.state();
        let now = policy.now();
        let save = Self {
            store,
            session,
            policy,
            now,
            started: Instant::now(),
            intent_revision: state.intent_revision,
        };
        (save, state.plan(now))
    }

    /// Fails if the save has tried for too long.
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

    /// Whether the handler has not changed its intent since the save began.
    pub(super) fn intent_is_unchanged(&self, state: &State) -> bool {
        state.intent_revision == self.intent_revision
    }

    /// Whether nothing may be written on top of `live` before the record was loaded again: a write
    /// went unanswered, or the session has expired unless another request has used it since.
    pub(super) fn must_load(&self, state: &State, live: &Snapshot) -> bool {
        state.unanswered.is_some() || live.is_closed(self.policy, self.now)
    }

    pub(super) async fn load(&self, key: &RecordKey) -> Result<Option<Loaded>> {
        let Some(record) = self.store.load(key).await? else {
            return Ok(None);
        };
        let now = self.policy.now();
        let (snapshot, content) = Snapshot::decode(key.clone(), record, self.policy, now)?;
        Ok(Some(Loaded { snapshot, content }))
    }

    /// Writes a record. Errors that promise that nothing was written are returned as they are; all
    /// others are [`Written::Unknown`].
    pub(super) async fn put(&self, record: &Unwritten, condition: Condition) -> Result<Written> {
        let ttl = self.ttl(&record.meta);
        let body = record.body.clone();
        match self.store.put(&record.key, body, ttl, condition).await {
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

    /// Replaces the session's record, if its version still is `base`.
    ///
    /// While the outcome is unknown, the state says so: this future may be dropped at any point. An
    /// earlier write on top of `base` may be the one that refuses this one, so that what was
    /// unknown before stays unknown.
    pub(super) async fn replace(
        &self,
        next: &Unwritten,
        base: &Version,
        is_tombstone: bool,
    ) -> Result<Written> {
        let before = {
            let mut state = self.session.state();
            let earlier = state.unanswered.as_ref();
            let only_tombstone = is_tombstone && earlier.is_none_or(|it| it.only_tombstone);
            state.unanswered.replace(Unanswered { base: base.clone(), only_tombstone })
        };
        let put = self.put(next, Condition::IfVersion(base.clone())).await;
        let may_be_applied = match &put {
            Ok(Written::Stored(_) | Written::Unknown(_)) => true,
            Ok(Written::Refused) => false,
            Err(Error::Store(error)) => error.kind() == StoreErrorKind::Unconfirmed,
            Err(_) => false,
        };
        if !may_be_applied {
            self.session.state().unanswered = before;
        }
        put
    }

    /// Puts the changes made so far into a batch, after those of earlier, unfinished saves. There
    /// is at least one batch afterwards, for its id.
    pub(super) fn start_batch(&self, state: &mut State) -> Result<()> {
        if !state.changes.is_empty() || state.batches.is_empty() {
            let id = WriteId::random()?;
            let changes = std::mem::take(&mut state.changes);
            state.batches.push(Batch { id, changes });
            if let Some(successor) = &mut state.successor {
                successor.current = false;
            }
        }
        Ok(())
    }

    /// Sets the session's view to `content` with all changes that are not known to have taken
    /// effect. Returns `content` with those that this save sends, to be written: without the
    /// changes made since the save began.
    ///
    /// The changes may run the application's code, which may use the session, so no lock is held.
    pub(super) fn rebase(&self, mut content: Content) -> Result<Content> {
        let sent: Vec<_> = {
            let state = self.session.state();
            let batches = state.batches.iter();
            batches.flat_map(|batch| &batch.changes).cloned().collect()
        };
        let missed = replay(&sent, &mut content)?;
        let to_write = content.clone();
        let mut replayed = 0;
        loop {
            let later = {
                let mut state = self.session.state();
                if state.is_ending() {
                    return Ok(to_write);
                }
                let later = state.changes.get(replayed..).unwrap_or_default().to_vec();
                if later.is_empty() {
                    state.missed_flash.extend(missed);
                    state.content = content;
                    return Ok(to_write);
                }
                later
            };
            replay(&later, &mut content)?;
            replayed += later.len();
        }
    }

    /// The metadata of a new record; `base` is that of the record which it continues.
    pub(super) fn meta_for_new(
        &self,
        state: &State,
        key: &RecordKey,
        base: Option<&Meta>,
        prev: Option<Prev>,
    ) -> Meta {
        let now = self.policy.now();
        let (created, lifetime) = state.created_and_lifetime(now);
        let deadline = self.policy.idle_deadline(created, lifetime, now);
        let writes = base.map_or_else(WriteIds::default, |base| base.writes.clone());
        Meta {
            writes: writes.with_newer(batch_ids(state)),
            prev: prev.map(Box::new),
            ..Meta::new(key, created, deadline, lifetime)
        }
    }

    /// The metadata with which `base` is written again: with the ids of the batches and a later
    /// deadline.
    pub(super) fn meta_for_next(&self, state: &State, base: &Meta) -> Meta {
        let now = self.now;
        let (created, lifetime) = (base.created, base.lifetime);
        let absolute = self.policy.absolute_deadline(created, lifetime);
        let next = self.policy.idle_deadline(created, lifetime, now);
        Meta {
            deadline: base.deadline.max(next).min(absolute),
            writes: base.writes.with_newer(batch_ids(state)),
            prev: base.prev.clone().filter(|prev| prev.counts(now)),
            ..base.clone()
        }
    }

    /// Drops the batches that `found` shows to have taken effect. Fails if a write went unanswered
    /// and it cannot be known whether it took effect: then it is wrong to apply it again, and wrong
    /// not to. `base` is what the record named when this session was loaded.
    pub(super) fn resolve_unanswered(
        &self,
        state: &mut State,
        found: &Snapshot,
        base: &WriteIds,
        unknown: Option<StoreError>,
    ) -> Result<()> {
        let applied = drop_applied(state, &found.meta.writes);
        let Some(unanswered) = &state.unanswered else {
            return Ok(());
        };
        if unanswered.base == found.version {
            // Nothing has taken effect yet, and it still may.
            return Ok(());
        }
        // A tombstone has not taken effect if there is a live session. Another library, which has
        // written the record since, has dropped the list.
        let known = applied
            || unanswered.only_tombstone
            || !found.foreign && found.meta.writes.reach_back_to(base);
        if known {
            state.unanswered = None;
            return Ok(());
        }
        Err(Error::Store(unknown.unwrap_or_else(|| {
            StoreError::new(
                StoreErrorKind::Timeout,
                "a write of this session went unanswered, and so many others followed that it is \
                 unknown whether it took effect; read the session again before you repeat it",
            )
        })))
    }

    /// Makes `snapshot` the session's record, with the batches that it names.
    pub(super) fn accept(state: &mut State, snapshot: Snapshot) {
        drop_applied(state, &snapshot.meta.writes);
        state.dirty = !state.changes.is_empty() || !state.batches.is_empty();
        state.origin = Origin::Live(snapshot);
        state.unanswered = None;
    }
}

/// The ids of all batches, newest first.
fn batch_ids(state: &State) -> impl Iterator<Item = WriteId> {
    state.batches.iter().rev().map(|batch| batch.id)
}

/// Drops the batches up to the last one that `writes` names, and returns whether there was one. A
/// batch is never sent without those before it, and a record names eight at most.
fn drop_applied(state: &mut State, writes: &WriteIds) -> bool {
    let named = |batch: &Batch| writes.contains(&batch.id);
    let last = state.batches.iter().rposition(named);
    state.remove_batches(last.map_or(0, |last| last + 1));
    last.is_some()
}
