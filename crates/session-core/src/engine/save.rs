//! One save: the steps that all plans share.

use super::Plan;
use super::records::{Records, Written};
use crate::body::{Content, Meta, Prev, WriteId, WriteIds};
use crate::change::{Batch, replay};
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::origin::{Origin, Unanswered};
use crate::policy::SessionPolicy;
use crate::record::{Condition, RecordKey, Version};
use crate::sign_in::SignIn;
use crate::snapshot::{Snapshot, Unwritten};
use crate::state::{Session, State};
use crate::store::RecordStore;
use crate::store_error::{StoreError, StoreErrorKind};

pub(super) struct Save<'a> {
    pub(super) records: Records<'a>,
    pub(super) session: &'a Session,
    /// When the save began.
    pub(super) now: u64,
    /// The intent that this save carries out; see [`State::intent_revision`].
    intent_revision: u32,
    /// The login that this save carries out.
    pub(super) sign_in: Option<SignIn>,
}

impl<'a> Save<'a> {
    /// A save of `session`, and what it has to do.
    pub(super) fn start(
        store: &'a dyn RecordStore,
        session: &'a Session,
        policy: &'a SessionPolicy,
    ) -> (Self, Plan) {
        let state = session.state();
        let records = Records::new(store, policy);
        let now = records.now;
        let save = Self {
            records,
            session,
            now,
            intent_revision: state.intent_revision,
            sign_in: state.sign_in.clone(),
        };
        (save, state.plan(now))
    }

    /// Whether the handler has not changed its intent since the save began.
    pub(super) fn intent_is_unchanged(&self, state: &State) -> bool {
        state.intent_revision == self.intent_revision
    }

    /// Whether nothing may be written on top of `live` before the record was loaded again: a write
    /// went unanswered, or the session has expired unless another request has used it since.
    pub(super) fn must_load(&self, state: &State, live: &Snapshot) -> bool {
        state.unanswered.is_some() || live.is_closed(self.records.policy, self.now)
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
        let put = self.records.put(next, Condition::IfVersion(base.clone())).await;
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
        id: &SessionId,
        key: &RecordKey,
        base: Option<&Meta>,
        prev: Option<Prev>,
    ) -> Result<Meta> {
        let now = self.records.policy.now();
        let (created, lifetime) = state.created_and_lifetime(now);
        let deadline = self.records.policy.idle_deadline(created, lifetime, now);
        let writes = base.map_or_else(WriteIds::default, |base| base.writes.clone());
        Ok(Meta {
            writes: writes.with_newer(batch_ids(state)),
            prev: prev.map(Box::new),
            account: self.binding(state, id, base)?.map(Box::new),
            ..Meta::new(key, created, deadline, lifetime)
        })
    }

    /// The metadata with which `base` is written again: with the ids of the batches and a later
    /// deadline.
    pub(super) fn meta_for_next(&self, state: &State, base: &Meta) -> Meta {
        let now = self.now;
        let (created, lifetime) = (base.created, base.lifetime);
        let absolute = self.records.policy.absolute_deadline(created, lifetime);
        let next = self.records.policy.idle_deadline(created, lifetime, now);
        let mut account = base.account.clone();
        if let Some(account) = &mut account {
            account.seen = account.seen.max(now);
        }
        Meta {
            deadline: base.deadline.max(next).min(absolute),
            writes: base.writes.with_newer(batch_ids(state)),
            prev: base.prev.clone().filter(|prev| prev.counts(now)),
            account,
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
