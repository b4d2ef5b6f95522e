//! A new id for the same session.

use super::records::{Failures, Loaded, Written};
use super::save::Save;
use crate::body::{Content, Kind, Meta, Prev, Tombstone};
use crate::error::{Error, Result};
use crate::origin::{Origin, Successor};
use crate::outcome::Outcome;
use crate::record::{Condition, RecordKey, Version};
use crate::snapshot::{Snapshot, Unwritten};
use crate::state::State;
use crate::store_error::StoreError;

/// What happened to the old record.
enum Old {
    /// It is a tombstone that names the new record as a successor.
    Replaced,
    /// No tombstone names the new record yet.
    NotReplaced,
    /// It was destroyed.
    Destroyed,
    /// It was evicted, or has expired.
    Vanished,
}

impl Save<'_> {
    /// How many records may succeed one. More requests than that on one old id are refused.
    const MAX_SUCCESSORS: usize = 32;

    /// Writes the session under a new id, then a tombstone over the old record. A crash in between
    /// leaves the user where they were, and a new record that nobody knows.
    pub(super) async fn regenerate(&self, keep_old: u64) -> Result<Outcome> {
        let mut must_load = {
            let mut state = self.session.state();
            self.start_batch(&mut state)?;
            self.must_load(&state, state.base()?)
        };
        let mut failures = Failures::default();
        let mut unknown = None;
        loop {
            self.records.check_time()?;
            if must_load {
                match self.look_at_old(unknown.take()).await? {
                    Old::Replaced => return self.moved().await,
                    Old::Destroyed => return self.continue_without_old().await,
                    Old::Vanished => return self.vanished().await,
                    Old::NotReplaced => {}
                }
            }
            let successor = self.write_successor(keep_old).await?;
            let (version, tombstone) = self.tombstone(successor, keep_old)?;
            match self.replace(&tombstone, &version, true).await? {
                Written::Stored(_) => return self.moved().await,
                Written::Refused => {}
                Written::Unknown(error) => unknown = Some(failures.count(error)?),
            }
            must_load = true;
        }
    }

    /// Finds out what happened to the old record, and makes it the new base if it is still alive.
    async fn look_at_old(&self, unknown: Option<StoreError>) -> Result<Old> {
        let (key, version) = {
            let state = self.session.state();
            let base = state.base()?;
            (base.key.clone(), base.version.clone())
        };
        let loaded = match self.records.load(&key).await {
            Ok(loaded) => loaded,
            Err(error) => return Err(unknown.map_or(error, Into::into)),
        };
        let mut state = self.session.state();
        let Some(Loaded { snapshot, content }) = loaded else {
            // If the reply to the tombstone was lost, there are two explanations: the tombstone was
            // written and is no longer stored, and the new record is the session; or it was not
            // written, a logout was, and the new record must not live.
            return match (&state.unanswered, &state.successor) {
                (Some(_), Some(_)) => Err(unknown.map_or(Error::Vanished, Into::into)),
                _ => Ok(Old::Vanished),
            };
        };
        let mut successors = snapshot.meta.tombstone.iter().flat_map(|it| &it.successors);
        let ours = state.successor.as_ref().map(|it| &it.snapshot.key);
        let names_ours = successors.any(|key| Some(key) == ours);
        match snapshot.meta.kind() {
            // A logout that found our record named has destroyed it too.
            Some(_) if names_ours => Ok(Old::Replaced),
            Some(Kind::Destroyed) => Ok(Old::Destroyed),
            Some(Kind::Moved) => {
                if state.successor.is_none() && matches!(state.origin, Origin::Live(_)) {
                    // The values went to the other request's new record.
                    drop(state);
                    self.rebase(Content::default())?;
                    state = self.session.state();
                }
                // A write on top of another version never takes effect.
                state.unanswered.take_if(|it| it.base != snapshot.version);
                state.origin = Origin::Moved(snapshot);
                Ok(Old::NotReplaced)
            }
            None if snapshot.is_closed(self.records.policy, self.records.policy.now()) => {
                Ok(Old::Vanished)
            }
            None if snapshot.version == version => Ok(Old::NotReplaced),
            None => {
                let base = state.base()?.meta.writes.clone();
                self.resolve_unanswered(&mut state, &snapshot, &base, unknown)?;
                drop(state);
                self.rebase(content)?;
                let mut state = self.session.state();
                if let Some(successor) = &mut state.successor {
                    successor.current = false;
                }
                state.origin = Origin::Live(snapshot);
                Ok(Old::NotReplaced)
            }
        }
    }

    /// Makes sure that the new record exists, and is built on the old one as it is known now.
    /// Returns its key.
    async fn write_successor(&self, keep_old: u64) -> Result<RecordKey> {
        let (content, base, prev, existing) = {
            let state = self.session.state();
            if let Some(successor) = &state.successor
                && successor.current
            {
                return Ok(successor.snapshot.key.clone());
            }
            let old = state.base()?.clone();
            let existing = state.successor.clone();
            let is_live = matches!(state.origin, Origin::Live(_));
            let content = if is_live && state.changes.is_empty() {
                state.content.clone()
            } else {
                drop(state);
                // The values of a session that has moved are readable, but they belong to the
                // session after the move.
                let carried_over = is_live.then(|| old.content()).transpose()?;
                self.rebase(carried_over.unwrap_or_default())?
            };
            let prev = Prev { until: self.tombstone_until(&old.meta, keep_old), key: old.key };
            (content, is_live.then_some(old.meta), prev, existing)
        };
        if let Some(existing) = existing
            && let Some(key) =
                self.update_successor(*existing, &content, base.as_ref(), &prev).await?
        {
            return Ok(key);
        }
        let (id, snapshot) = self.insert(&content, base.as_ref(), Some(&prev)).await?;
        let key = snapshot.key.clone();
        let mut state = self.session.state();
        state.next_id = None;
        state.successor = Some(Box::new(Successor { id, snapshot, current: true }));
        Ok(key)
    }

    /// Writes the new record again, on top of what an earlier attempt wrote. Discards it and
    /// returns `None` if that is not possible.
    async fn update_successor(
        &self,
        successor: Successor,
        content: &Content,
        base: Option<&Meta>,
        prev: &Prev,
    ) -> Result<Option<RecordKey>> {
        let key = successor.snapshot.key.clone();
        self.enter_account(&key, base).await?;
        let meta = {
            let state = self.session.state();
            self.meta_for_new(&state, &successor.id, &key, base, Some(prev.clone()))?
        };
        let next = Snapshot::encode(key.clone(), content, meta)?;
        let condition = Condition::IfVersion(successor.snapshot.version);
        if let Written::Stored(version) = self.records.put(&next, condition).await? {
            let snapshot = next.stored(version);
            self.session.state().successor =
                Some(Box::new(Successor { id: successor.id, snapshot, current: true }));
            return Ok(Some(key));
        }
        self.session.state().successor = None;
        self.discard(&key).await;
        Ok(None)
    }

    /// Until when there is a tombstone over the record that `old` belongs to. At least until a
    /// logout no longer has to find its way over it to values that are kept under an earlier id.
    ///
    /// A further successor does not make it longer: anyone who planted the old id could put that
    /// off for as long as they like, and end the session that came after a login.
    fn tombstone_until(&self, old: &Meta, keep_old: u64) -> u64 {
        if old.tombstone.is_some() {
            return old.deadline;
        }
        let before = old.prev.as_ref().map_or(0, |prev| prev.until);
        before.max(self.records.policy.now() + self.records.policy.window().max(keep_old))
    }

    /// The version of the old record, and the tombstone that replaces it, with `successor` among
    /// those that it names.
    fn tombstone(&self, successor: RecordKey, keep_old: u64) -> Result<(Version, Unwritten)> {
        let state = self.session.state();
        let now = self.records.policy.now();
        let old = state.base()?;
        let mut meta = self.meta_for_next(&state, &old.meta);
        meta.deadline = self.tombstone_until(&old.meta, keep_old);
        let mut content = Content::default();
        let mut tombstone = match old.meta.tombstone.clone() {
            Some(tombstone) => {
                content = old.content()?;
                tombstone
            }
            None => {
                let mut kept_until = 0;
                if keep_old > 0 {
                    content.values = old.content()?.values;
                    let end = self.records.policy.absolute_deadline(meta.created, meta.lifetime);
                    kept_until = end.min(now + keep_old);
                }
                Box::new(Tombstone { kind: Kind::Moved, kept_until, successors: Vec::new() })
            }
        };
        if tombstone.successors.len() >= Self::MAX_SUCCESSORS {
            return Err(Error::Moved);
        }
        tombstone.successors.push(successor);
        meta.tombstone = Some(tombstone);
        let next = Snapshot::encode(old.key.clone(), &content, meta)?;
        Ok((old.version.clone(), next))
    }

    /// The tombstone is written: the new record is the session's.
    async fn moved(&self) -> Result<Outcome> {
        let successor = self.session.state().successor.take();
        let Successor { id, snapshot, .. } = *successor.ok_or_else(State::inconsistent)?;
        self.adopt(id, snapshot);
        let has_unsent = !self.session.state().batches.is_empty();
        if has_unsent {
            // An earlier save had moved the session and its reply was lost. The changes made since
            // then are still to be written.
            return self.write().await;
        }
        Ok(Outcome::Stored)
    }

    /// The session was destroyed before it got its new id. The logout wins, and only what this
    /// request set itself is stored, in a new session.
    async fn continue_without_old(&self) -> Result<Outcome> {
        // This may run the application's code, and fail. Until it has succeeded, nothing is
        // decided.
        let content = self.rebase(Content::default())?;
        let successor = self.session.state().successor.clone();
        if let Some(successor) = successor {
            // The state forgets it only afterwards, so that a save that is dropped here repeats it.
            self.discard(&successor.snapshot.key).await;
        }
        {
            let mut state = self.session.state();
            state.origin = Origin::New;
            state.forget_flash();
            state.unanswered = None;
            state.successor = None;
            if content.is_empty() && self.sign_in.is_none() {
                return Ok(Self::end_by_logout(&mut state, Origin::New));
            }
        }
        let (id, snapshot) = self.insert(&content, None, None).await?;
        self.adopt(id, snapshot);
        Ok(Outcome::Stored)
    }

    /// The session was evicted, or expired too long ago, before it got its new id.
    async fn vanished(&self) -> Result<Outcome> {
        let successor = self.session.state().successor.clone();
        if let Some(successor) = successor {
            self.discard(&successor.snapshot.key).await;
            self.session.state().successor = None;
        }
        Err(Error::Vanished)
    }

    /// Removes a new record that no browser and no tombstone knows. If that fails, the record
    /// expires unused.
    async fn discard(&self, key: &RecordKey) {
        if let Err(error) = self.records.store.remove(key).await {
            tracing::debug!(%error, "an unused record was not removed and is left to expire");
        }
    }
}
