//! Changes to a record that keeps its id, and a deadline that moves.

use std::ops::ControlFlow::{self, Break, Continue};

use tracing::debug;

use super::records::{Failures, Loaded, Written};
use super::save::Save;
use crate::body::{Content, Kind, Meta, WriteId, WriteIds};
use crate::error::{Error, Result};
use crate::origin::{Intent, Origin};
use crate::outcome::Outcome;
use crate::record::{Condition, RecordKey, Version};
use crate::snapshot::{Snapshot, Unwritten};
use crate::state::State;
use crate::store_error::StoreError;

/// The record that a write replaces.
struct Base {
    key: RecordKey,
    version: Version,
    writes: WriteIds,
}

impl Base {
    fn of(snapshot: &Snapshot) -> Self {
        Self {
            key: snapshot.key.clone(),
            version: snapshot.version.clone(),
            writes: snapshot.meta.writes.clone(),
        }
    }
}

impl Save<'_> {
    /// Writes the session's changes onto its record.
    pub(super) async fn write(&self) -> Result<Outcome> {
        let Some((mut base, mut next, mut must_load)) = self.first_write()? else {
            return self.no_record(Error::Moved);
        };
        let mut outcome = Outcome::Stored;
        let mut failures = Failures::default();
        let mut unknown = None;
        loop {
            if must_load {
                self.records.check_time()?;
                match self.look_again(&base, unknown.take()).await? {
                    Break(outcome) => return Ok(outcome),
                    Continue((found, rebased)) => {
                        if found.version != base.version {
                            outcome = Outcome::Merged;
                        }
                        (base, next) = (found, rebased);
                    }
                }
            }
            match self.replace(&next, &base.version, false).await? {
                Written::Stored(version) => {
                    Self::accept(&mut self.session.state(), next.stored(version));
                    return Ok(outcome);
                }
                Written::Refused => {}
                Written::Unknown(error) => unknown = Some(failures.count(error)?),
            }
            must_load = true;
        }
    }

    /// What to write first, and whether the record must be loaded before; `None` if the session has
    /// moved.
    fn first_write(&self) -> Result<Option<(Base, Unwritten, bool)>> {
        let mut state = self.session.state();
        let Origin::Live(live) = &state.origin else {
            return Ok(None);
        };
        let must_load = self.must_load(&state, live);
        let (base, meta) = (Base::of(live), live.meta.clone());
        self.start_batch(&mut state)?;
        // From now on the changes may be under way, even if they changed nothing in this view.
        state.dirty = true;
        let next = self.next(&state, &base.key, &meta, &state.content)?;
        Ok(Some((base, next, must_load)))
    }

    /// Finds out what happened to the record, and to what this save has sent. Returns what to write
    /// next, unless there is nothing left to do.
    async fn look_again(
        &self,
        base: &Base,
        unknown: Option<StoreError>,
    ) -> Result<ControlFlow<Outcome, (Base, Unwritten)>> {
        let loaded = match self.records.load(&base.key).await {
            Ok(loaded) => loaded,
            Err(error) => return Err(unknown.map_or(error, Into::into)),
        };
        let is_open = |loaded: &Loaded| {
            !loaded.snapshot.is_closed(self.records.policy, self.records.policy.now())
        };
        let Some(Loaded { snapshot, content }) = loaded.filter(is_open) else {
            return self.no_record(Error::Vanished).map(Break);
        };
        let mut state = self.session.state();
        if snapshot.meta.kind() == Some(Kind::Destroyed) {
            let outcome = Self::end_by_logout(&mut state, Origin::Destroyed(snapshot));
            return Ok(Break(outcome));
        }
        self.resolve_unanswered(&mut state, &snapshot, &base.writes, unknown)?;
        let all_applied = state.batches.is_empty();
        if snapshot.meta.kind() == Some(Kind::Moved) {
            if !all_applied {
                drop(state);
                return self.no_record(Error::Moved).map(Break);
            }
            state.origin = Origin::Moved(snapshot);
            state.dirty = !state.changes.is_empty();
            return Ok(Break(Outcome::Stored));
        }
        drop(state);
        let content = self.rebase(content)?;
        let mut state = self.session.state();
        if all_applied {
            Self::accept(&mut state, snapshot);
            return Ok(Break(Outcome::Stored));
        }
        let next = self.next(&state, &snapshot.key, &snapshot.meta, &content)?;
        Ok(Continue((Base::of(&snapshot), next)))
    }

    fn next(
        &self,
        state: &State,
        key: &RecordKey,
        base: &Meta,
        content: &Content,
    ) -> Result<Unwritten> {
        Snapshot::encode(key.clone(), content, self.meta_for_next(state, base))
    }

    /// The session was destroyed in the meantime. The result is that of "this request was saved,
    /// then the logout came".
    pub(super) fn end_by_logout(state: &mut State, origin: Origin) -> Outcome {
        state.origin = origin;
        // A logout or restart that this request asked for since the save began still has to happen.
        if !state.is_ending() {
            state.clear(Intent::Keep);
            state.destroyed = true;
        }
        Outcome::Destroyed
    }

    /// There is no record to write to: an error, unless nobody would miss the changes.
    fn no_record(&self, error: Error) -> Result<Outcome> {
        let mut state = self.session.state();
        if state.pending_changes().all(|change| change.only_tidies_flash()) {
            state.remove_all_changes();
            state.dirty = false;
            return Ok(Outcome::Unchanged);
        }
        Err(error)
    }

    /// Saves the first `changes`, which changed nothing in this request's view: they are done if
    /// the record has not changed. Otherwise they may change what another request wrote.
    pub(super) async fn confirm(&self, changes: usize) -> Result<Outcome> {
        let (key, version) = {
            let state = self.session.state();
            let base = state.base()?;
            (base.key.clone(), base.version.clone())
        };
        let found = self.records.store.load(&key).await?;
        let unchanged = found.is_some_and(|record| record.version == version);
        {
            let mut state = self.session.state();
            if state.is_ending() {
                // The changes are gone with the session, and ending it is up to the next save.
                return Ok(Outcome::Unchanged);
            }
            if unchanged {
                state.remove_changes(changes);
                return Ok(Outcome::Unchanged);
            }
        }
        self.write().await
    }

    /// Moves the idle deadline of an unchanged session. A failure is not reported to the client:
    /// the next request tries again.
    pub(super) async fn touch(&self) -> Result<Outcome> {
        let (version, next) = {
            let state = self.session.state();
            let Origin::Live(live) = &state.origin else {
                return Ok(Outcome::Unchanged);
            };
            if state.dirty {
                // The session was changed since the save began, and the next save writes it.
                return Ok(Outcome::Unchanged);
            }
            if live.is_closed(self.records.policy, self.now) {
                return Ok(Outcome::Unchanged);
            }
            let mut meta = self.meta_for_next(&state, &live.meta);
            // Makes the body differ from all earlier ones, for stores whose version is the body.
            meta.writes = meta.writes.with_newer([WriteId::random()?]);
            let next = Snapshot::encode(live.key.clone(), &state.content, meta)?;
            (live.version.clone(), next)
        };
        match self.records.put(&next, Condition::IfVersion(version)).await {
            Ok(Written::Stored(version)) => {
                self.session.state().origin = Origin::Live(next.stored(version));
            }
            Ok(Written::Refused) => {
                debug!("another request changed the session, and moved its deadline with that");
            }
            Ok(Written::Unknown(error)) => {
                debug!(%error, "the session's deadline may not have moved");
            }
            Err(error) => debug!(%error, "the session's deadline did not move"),
        }
        Ok(Outcome::Unchanged)
    }
}
