//! A new record under a fresh id.

use super::records::{Failures, Written};
use super::save::Save;
use crate::body::{Content, Meta, Prev};
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::origin::Intent;
use crate::outcome::{CookieChange, Outcome};
use crate::record::Condition;
use crate::snapshot::Snapshot;
use crate::state::Session;
use crate::store_error::{StoreError, StoreErrorKind};

/// An id that is being tried. Unless the record was stored, the id is not used again, even if the
/// save is dropped.
struct TriedId<'a> {
    session: &'a Session,
    stored: bool,
}

impl Drop for TriedId<'_> {
    fn drop(&mut self) {
        if !self.stored {
            self.session.state().next_id = None;
        }
    }
}

impl Save<'_> {
    /// Stores a session that has no record yet. The browser gets its id.
    pub(super) async fn create(&self) -> Result<Outcome> {
        let content = {
            let mut state = self.session.state();
            self.start_batch(&mut state)?;
            state.content.clone()
        };
        let (id, snapshot) = self.insert(&content, None, None).await?;
        self.adopt(id, snapshot);
        Ok(Outcome::Stored)
    }

    /// Puts `content` under a fresh id.
    ///
    /// An id whose first attempt ended in an error is never used again: that attempt may still be
    /// applied later, when the session under the id has long been destroyed.
    pub(super) async fn insert(
        &self,
        content: &Content,
        base: Option<&Meta>,
        prev: Option<&Prev>,
    ) -> Result<(SessionId, Snapshot)> {
        const ATTEMPTS: usize = 4;
        let mut failures = Failures::default();
        for _ in 0..ATTEMPTS {
            self.records.check_time()?;
            let id = self.session.state().next_id()?;
            let key = self.records.policy.record_key(&id);
            self.enter_account(&key, base).await?;
            let meta = {
                let state = self.session.state();
                self.meta_for_new(&state, &id, &key, base, prev.cloned())?
            };
            let record = Snapshot::encode(key, content, meta)?;
            let mut tried = TriedId { session: self.session, stored: false };
            let unknown = match self.records.put(&record, Condition::IfAbsent).await? {
                Written::Stored(version) => {
                    tried.stored = true;
                    return Ok((id, record.stored(version)));
                }
                // A client that repeats a write by itself may be refused because of its own first
                // attempt.
                Written::Refused => None,
                Written::Unknown(error) => Some(error),
            };
            match self.records.load(&record.key).await {
                Ok(Some(found)) if found.snapshot.meta.writes == record.meta.writes => {
                    tried.stored = true;
                    return Ok((id, found.snapshot));
                }
                Ok(_) => {
                    if let Some(error) = unknown {
                        failures.count(error)?;
                    }
                }
                Err(error) => return Err(unknown.map_or(error, Into::into)),
            }
        }
        Err(Error::Store(StoreError::new(
            StoreErrorKind::Corrupt,
            "the store reports a record under every fresh id; it breaks its contract for IfAbsent, \
             or cuts its keys short",
        )))
    }

    /// Makes the record that was just created the session's. The browser gets its id.
    pub(super) fn adopt(&self, id: SessionId, snapshot: Snapshot) {
        let mut state = self.session.state();
        state.cookie = CookieChange::Set {
            value: id.as_str().to_owned(),
            max_age: state.max_age(&snapshot.meta, self.records.policy.now()),
        };
        state.id = Some(id);
        state.account = match &self.sign_in {
            Some(sign_in) => Some(sign_in.handle.name.clone()),
            None => state.account.take().filter(|_| snapshot.meta.account.is_some()),
        };
        if self.sign_in_is_unchanged(&state) {
            state.sign_in = None;
        }
        if self.intent_is_unchanged(&state) {
            state.intent = Intent::Keep;
            state.lifetime = None;
        }
        state.next_id = None;
        state.successor = None;
        Self::accept(&mut state, snapshot);
    }
}
