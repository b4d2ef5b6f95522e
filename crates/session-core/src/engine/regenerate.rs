//! A new id for the same session.

use super::run::{Loaded, Run, Written};
use crate::body::{Content, Kind, Meta, Prev, Tombstone};
use crate::state::{Origin, Standing, State, Successor};
use crate::{Condition, Error, Outcome, RecordKey, Result, StoreError, Version};

/// How many records may follow one: more requests than that on one old id are refused.
const SUCCESSORS: usize = 32;

/// What became of the old record.
enum Retired {
    /// It names the new record as a successor.
    Yes,
    /// It is another than the new record was built from, or was not reached; try again.
    No,
    /// It was destroyed, or is gone.
    Gone,
}

impl Run<'_> {
    /// Writes the session under a new id, and then a tombstone over the old one. A crash in between leaves the user where they
    /// were, with a new record that nobody knows.
    pub(super) async fn regenerate(&self, keep_old: u64) -> Result<Outcome> {
        let mut look = {
            let mut state = self.session.state();
            self.freeze(&mut state);
            state.unsure.is_some()
        };
        let mut failures = 0;
        let mut unknown = None;
        loop {
            self.in_time()?;
            if look {
                match self.look_at_old(unknown.take()).await? {
                    Retired::Yes => return self.moved().await,
                    Retired::Gone => return self.go_on_alone().await,
                    Retired::No => {}
                }
            }
            let successor = self.successor(keep_old).await?;
            let (version, tombstone) = self.tombstone(successor, keep_old)?;
            match self.replace(&tombstone, &version, true).await? {
                Written::Stored(_) => return self.moved().await,
                Written::Refused => {}
                Written::Unknown(error) => {
                    unknown = Some(Self::failed(&mut failures, error)?);
                }
            }
            look = true;
        }
    }

    /// Finds out what became of the old record, and takes it for the new base if it is still alive.
    async fn look_at_old(&self, unknown: Option<StoreError>) -> Result<Retired> {
        let (key, version) = {
            let state = self.session.state();
            let old = state.old()?;
            (old.key.clone(), old.version.clone())
        };
        let loaded = match self.load(&key).await {
            Ok(loaded) => loaded,
            Err(error) => return Err(unknown.map_or(error, Into::into)),
        };
        let mut state = self.session.state();
        let Some(Loaded {
            standing,
            content,
            over,
        }) = loaded
        else {
            return Self::gone(&state, unknown);
        };
        let mut successors = standing.meta.tombstone.iter().flat_map(|t| &t.successors);
        let ours = state.successor.as_ref().map(|s| &s.standing.key);
        let named = successors.any(|key| Some(key) == ours);
        match standing.meta.kind() {
            // A logout that found it named has followed it.
            Some(_) if named => Ok(Retired::Yes),
            _ if over => Self::gone(&state, unknown),
            Some(Kind::Destroyed) => Ok(Retired::Gone),
            Some(Kind::Moved) => {
                if state.successor.is_none() && matches!(state.origin, Origin::Live(_)) {
                    // Built on nothing yet: the values went to the other's new record.
                    drop(state);
                    self.rebase(Content::default())?;
                    state = self.session.state();
                }
                // What was sent on top of another version never takes effect.
                state.unsure.take_if(|unsure| unsure.on != standing.version);
                state.origin = Origin::Moved(standing);
                Ok(Retired::No)
            }
            None if standing.version == version => Ok(Retired::No),
            None => {
                let base = state.old()?.meta.writes.clone();
                self.settle_batches(&mut state, &standing, &base, unknown)?;
                drop(state);
                self.rebase(content)?;
                let mut state = self.session.state();
                if let Some(successor) = &mut state.successor {
                    successor.current = false;
                }
                state.origin = Origin::Live(standing);
                Ok(Retired::No)
            }
        }
    }

    /// There is no old record any more. Where the tombstone's reply was lost, it may have named the new record, which is the session then;
    /// or it never came, a logout did, and the new record must not be.
    fn gone(state: &State, unknown: Option<StoreError>) -> Result<Retired> {
        match (&state.unsure, &state.successor) {
            (Some(_), Some(_)) => Err(unknown.map_or(Error::Vanished, Into::into)),
            _ => Ok(Retired::Gone),
        }
    }

    /// Makes sure that the new record stands, and is built on the old one as it is now known.
    async fn successor(&self, keep_old: u64) -> Result<RecordKey> {
        let (content, base, prev, existing) = {
            let state = self.session.state();
            if let Some(successor) = &state.successor
                && successor.current
            {
                return Ok(successor.standing.key.clone());
            }
            let base = state.old()?.clone();
            let existing = state.successor.clone();
            let live = matches!(state.origin, Origin::Live(_));
            let content = if live && state.changes.is_empty() {
                state.content.clone()
            } else {
                drop(state);
                // What stands under an id that moved, for reading, is not this request's to carry on.
                let under = live.then(|| base.content()).transpose()?;
                self.rebase(under.unwrap_or_default())?
            };
            let prev = Prev {
                key: base.key.clone(),
                until: self.retired_until(&base.meta, keep_old),
            };
            (content, live.then(|| base.meta.clone()), prev, existing)
        };
        if let Some(mut successor) = existing {
            let next = {
                let state = self.session.state();
                let key = successor.standing.key.clone();
                let meta = self.meta_for_new(&state, &key, base.as_ref(), Some(prev.clone()));
                Self::standing(key, &content, meta)
            };
            let condition = Condition::IfVersion(successor.standing.version.clone());
            let put = self.put(&next.key, next.body.clone(), next.meta.deadline, condition);
            if let Written::Stored(version) = put.await? {
                let key = next.key.clone();
                successor.standing = next.stored(version);
                successor.current = true;
                self.session.state().successor = Some(successor);
                return Ok(key);
            }
            self.session.state().successor = None;
            self.abandon(&successor.standing.key).await;
        }
        let (id, standing) = self.insert(&content, base.as_ref(), Some(&prev)).await?;
        let key = standing.key.clone();
        let mut state = self.session.state();
        state.next_id = None;
        state.successor = Some(Box::new(Successor {
            id,
            standing,
            current: true,
        }));
        Ok(key)
    }

    /// Until when a tombstone stands over the record that `old` belongs to: for as long, too, as a logout must find its way over
    /// it to values that were kept under an id before.
    fn retired_until(&self, old: &Meta, keep_old: u64) -> u64 {
        let before = old.prev.as_ref().map_or(0, |prev| prev.until);
        before.max(self.policy.now() + self.policy.window().max(keep_old))
    }

    /// The version of the old record, and the tombstone that is to take its place, with `successor` among those that follow it.
    fn tombstone(&self, successor: RecordKey, keep_old: u64) -> Result<(Version, Standing)> {
        let state = self.session.state();
        let now = self.policy.now();
        let old = state.old()?;
        let mut meta = self.meta_for_next(&state, old);
        let mut content = Content::default();
        let mut tombstone = match old.meta.tombstone.clone() {
            Some(tombstone) => {
                content = old.content()?;
                meta.deadline = old.meta.deadline.max(now + self.policy.window());
                tombstone
            }
            None => {
                if keep_old > 0 {
                    content = old.content()?;
                    content.flash.clear();
                }
                let end = self.policy.absolute_deadline(meta.created, meta.lifetime);
                meta.deadline = self.retired_until(&meta, keep_old);
                Box::new(Tombstone {
                    kind: Kind::Moved,
                    kept_until: if keep_old > 0 {
                        end.min(now + keep_old)
                    } else {
                        0
                    },
                    successors: Vec::new(),
                })
            }
        };
        if tombstone.successors.len() >= SUCCESSORS {
            return Err(Error::Moved);
        }
        tombstone.successors.push(successor);
        meta.tombstone = Some(tombstone);
        let next = Self::standing(old.key.clone(), &content, meta);
        Ok((old.version.clone(), next))
    }

    /// The old record is retired: the new one is the session's own.
    async fn moved(&self) -> Result<Outcome> {
        let successor = self.session.state().successor.take();
        let Successor { id, standing, .. } = *successor.ok_or_else(State::lost)?;
        self.adopt(id, standing);
        let unsent = !self.session.state().batches.is_empty();
        if unsent {
            // An earlier save had moved it, and its reply was lost; what came since is still to be written.
            return self.write().await;
        }
        Ok(Outcome::Stored)
    }

    /// The session was destroyed while it was to get a new id: the logout wins, and only what this request itself set goes on.
    async fn go_on_alone(&self) -> Result<Outcome> {
        // The application's own code may run here, and fail. Until it has not, what was read from the old record is not this session's.
        let content = self.rebase(Content::default())?;
        let new = self
            .session
            .state()
            .successor
            .as_ref()
            .map(|it| it.standing.key.clone());
        if let Some(key) = new {
            // It is forgotten only then: a save that is dropped here is done again.
            self.abandon(&key).await;
        }
        {
            let mut state = self.session.state();
            state.origin = Origin::New;
            state.forget_flash();
            state.unsure = None;
            state.successor = None;
            if content.is_empty() {
                return Ok(Self::logged_out(&mut state, Origin::New));
            }
        }
        let (id, standing) = self.insert(&content, None, None).await?;
        self.adopt(id, standing);
        Ok(Outcome::Stored)
    }

    /// Removes a new record that no browser was told of, and that nothing names. If it stays, it expires unseen.
    async fn abandon(&self, key: &RecordKey) {
        if let Err(error) = self.store.remove(key).await {
            tracing::debug!(%error, "a record that nobody knows is left to expire");
        }
    }
}
