//! A record that stays where it is: changes, and a deadline that moves.

use tracing::debug;

use super::run::{Loaded, Run, Written};
use crate::body::{Content, Kind, WriteId, WriteIds};
use crate::state::{Intent, Origin, Standing, State};
use crate::{Condition, Error, Outcome, RecordKey, Result, StoreError, Version};

/// What is known of the record after a write that was not simply stored.
enum Look {
    /// Go on: what stands now, and what to send in its place.
    Again(Box<(Base, Standing)>),
    /// There is nothing left to do.
    Done(Outcome),
}

/// What is to be replaced: as much of it as a write needs.
struct Base {
    key: RecordKey,
    version: Version,
    writes: WriteIds,
}

impl Base {
    fn of(standing: &Standing) -> Self {
        Self {
            key: standing.key.clone(),
            version: standing.version.clone(),
            writes: standing.meta.writes.clone(),
        }
    }
}

impl Run<'_> {
    /// Writes the session's changes onto its record.
    pub(super) async fn write(&self) -> Result<Outcome> {
        let mut outcome = Outcome::Stored;
        let mut failures = 0;
        let mut unknown = None;
        let (mut look, mut base, mut sent) = {
            let mut state = self.session.state();
            let Origin::Live(live) = &state.origin else {
                drop(state);
                return self.nowhere(Error::Moved);
            };
            let base = Base::of(live);
            self.freeze(&mut state);
            // From here on it may be on its way, also if nothing in it changed what was found.
            state.dirty = true;
            let sent = self.next_standing(&state, state.old()?, &state.content);
            (state.unsure.is_some(), base, sent)
        };
        loop {
            if look {
                self.in_time()?;
                match Box::pin(self.look(&base, unknown.take())).await? {
                    Look::Done(done) => return Ok(done),
                    Look::Again(again) => {
                        if again.0.version != base.version {
                            outcome = Outcome::Merged;
                        }
                        (base, sent) = *again;
                    }
                }
            }
            match self.replace(&sent, &base.version, false).await? {
                Written::Stored(version) => {
                    Self::accept(&mut self.session.state(), sent.stored(version));
                    return Ok(outcome);
                }
                Written::Refused => {}
                Written::Unknown(error) => {
                    unknown = Some(Self::failed(&mut failures, error)?);
                }
            }
            look = true;
        }
    }

    /// Finds out what became of the record, and of what this save has sent.
    async fn look(&self, base: &Base, unknown: Option<StoreError>) -> Result<Look> {
        let loaded = match self.load(&base.key).await {
            Ok(loaded) => loaded.filter(|loaded| !loaded.over),
            Err(error) => return Err(unknown.map_or(error, Into::into)),
        };
        let Some(Loaded {
            standing, content, ..
        }) = loaded
        else {
            return self.nowhere(Error::Vanished).map(Look::Done);
        };
        let kind = standing.meta.kind();
        let mut state = self.session.state();
        if kind == Some(Kind::Destroyed) {
            return Ok(Look::Done(Self::logged_out(
                &mut state,
                Origin::Destroyed(standing),
            )));
        }
        self.settle_batches(&mut state, &standing, &base.writes, unknown)?;
        match kind {
            Some(Kind::Moved) if state.batches.is_empty() => {
                state.origin = Origin::Moved(standing);
                state.dirty = !state.changes.is_empty();
                Ok(Look::Done(Outcome::Stored))
            }
            Some(_) => {
                drop(state);
                self.nowhere(Error::Moved).map(Look::Done)
            }
            None if state.batches.is_empty() => {
                drop(state);
                self.rebase(content)?;
                Self::accept(&mut self.session.state(), standing);
                Ok(Look::Done(Outcome::Stored))
            }
            None => {
                drop(state);
                let content = self.rebase(content)?;
                let next = self.next_standing(&self.session.state(), &standing, &content);
                Ok(Look::Again(Box::new((Base::of(&standing), next))))
            }
        }
    }

    /// What is to take the place of `base`.
    fn next_standing(&self, state: &State, base: &Standing, content: &Content) -> Standing {
        Self::standing(base.key.clone(), content, self.meta_for_next(state, base))
    }

    /// The session was destroyed in the meantime: as if this request had been saved, and the logout had come then.
    pub(super) fn logged_out(state: &mut State, origin: Origin) -> Outcome {
        state.origin = origin;
        // A logout or a restart that was asked for since the save began still has its own part to do.
        if !state.is_ending() {
            state.empty(Intent::Keep);
            state.destroyed = true;
        }
        Outcome::Destroyed
    }

    /// What was to be written has no record to go to: an error, unless it was nothing that anyone would miss.
    fn nowhere(&self, error: Error) -> Result<Outcome> {
        let mut state = self.session.state();
        if state.pending().all(|change| change.is_reading()) {
            state.batches.clear();
            state.changes.clear();
            state.dirty = false;
            return Ok(Outcome::Unchanged);
        }
        Err(error)
    }

    /// Saves the first `changes`, which changed nothing of what the session was opened with: they are done if that still stands. If
    /// another request came in between, they may change what it wrote.
    pub(super) async fn confirm(&self, changes: usize) -> Result<Outcome> {
        let (key, version) = {
            let state = self.session.state();
            let live = state.old()?;
            (live.key.clone(), live.version.clone())
        };
        let found = match self.store.load_now(&key) {
            Some(found) => found?,
            None => self.store.load(&key).await?,
        };
        let still_stands = found.is_some_and(|record| record.version == version);
        {
            let mut state = self.session.state();
            if state.is_ending() {
                // They are gone with what the session held, and its end is for the next save.
                return Ok(Outcome::Unchanged);
            }
            if still_stands {
                state.changes.drain(..changes);
                return Ok(Outcome::Unchanged);
            }
        }
        self.write().await
    }

    /// Moves the idle deadline of an unchanged session. That it could not be moved is no news for the client.
    pub(super) async fn touch(&self) -> Result<Outcome> {
        let (live, sent) = {
            let state = self.session.state();
            let Origin::Live(live) = &state.origin else {
                return Ok(Outcome::Unchanged);
            };
            if state.dirty {
                // Changed since the save began: the next one takes it up.
                return Ok(Outcome::Unchanged);
            }
            let mut meta = self.meta_for_next(&state, live);
            // Every write leaves other bytes than any before it, so that versions made from the bytes differ.
            let id = WriteId::new(self.now);
            meta.writes = meta.writes.after(std::iter::once(id), self.now);
            let next = Self::standing(live.key.clone(), &state.content, meta);
            (Base::of(live), next)
        };
        let condition = Condition::IfVersion(live.version.clone());
        let put = self.put(&live.key, sent.body.clone(), sent.meta.deadline, condition);
        match put.await {
            Ok(Written::Stored(version)) => {
                self.session.state().origin = Origin::Live(sent.stored(version));
            }
            Ok(Written::Refused) => {
                debug!("another request changed the session; its deadline moved with that")
            }
            Ok(Written::Unknown(error)) => {
                debug!(%error, "the session's deadline may not have moved")
            }
            Err(error) => debug!(%error, "the session's deadline did not move"),
        }
        Ok(Outcome::Unchanged)
    }
}
