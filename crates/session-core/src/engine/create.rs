//! A new record under a fresh id.

use super::run::{Run, Written};
use crate::body::{Content, Meta, Prev};
use crate::state::{Intent, Standing};
use crate::{
    Condition, CookieChange, Error, Outcome, Result, Session, SessionId, StoreError, StoreErrorKind,
};

/// An id that is being tried, which is the session's meanwhile. Unless it was stored, it is not tried again, also where the save was
/// dropped.
struct Tried<'a>(&'a Session);

impl Tried<'_> {
    /// Who makes the record the session's own takes the id from the state then.
    fn was_stored(self) {
        std::mem::forget(self);
    }
}

impl Drop for Tried<'_> {
    fn drop(&mut self) {
        self.0.state().next_id = None;
    }
}

impl Run<'_> {
    /// Stores a session that stands nowhere yet, and owes the browser its id.
    pub(super) async fn create(&self) -> Result<Outcome> {
        let content = {
            let mut state = self.session.state();
            let content = state.content.clone();
            self.freeze(&mut state);
            content
        };
        let (id, standing) = self.insert(&content, None, None).await?;
        self.adopt(id, standing);
        Ok(Outcome::Stored)
    }

    /// Puts `content` under a fresh id. An id whose first attempt ended in an error is never used again: that attempt may yet
    /// take effect, when the session under the id has long been destroyed.
    pub(super) async fn insert(
        &self,
        content: &Content,
        base: Option<&Meta>,
        prev: Option<&Prev>,
    ) -> Result<(SessionId, Standing)> {
        let mut failures = 0;
        for _ in 0..4 {
            self.in_time()?;
            let (id, standing) = {
                let mut state = self.session.state();
                let id = state.next_id()?;
                let key = self.policy.record_key(&id);
                let meta = self.meta_for_new(&state, &key, base, prev.cloned());
                (id, Self::standing(key, content, meta))
            };
            let tried = Tried(self.session);
            let (body, deadline) = (standing.body.clone(), standing.meta.deadline);
            let put = self.put(&standing.key, body, deadline, Condition::IfAbsent);
            let unknown = match put.await? {
                Written::Stored(version) => {
                    tried.was_stored();
                    return Ok((id, standing.stored(version)));
                }
                // A client that repeats a write by itself may be refused by its own first attempt.
                Written::Refused => None,
                Written::Unknown(error) => Some(error),
            };
            match self.load(&standing.key).await {
                Ok(Some(found)) if found.standing.meta.writes == standing.meta.writes => {
                    tried.was_stored();
                    return Ok((id, found.standing));
                }
                Ok(_) => {
                    if let Some(error) = unknown {
                        Self::failed(&mut failures, error)?;
                    }
                }
                Err(error) => return Err(unknown.map_or(error, Into::into)),
            }
        }
        Err(Error::Store(StoreError::new(
            StoreErrorKind::Corrupt,
            "the store reports a record under every fresh id; it breaks its contract for IfAbsent, or its keys are cut short",
        )))
    }

    /// Makes the record that was just created the session's own, and owes the browser its id.
    pub(super) fn adopt(&self, id: SessionId, standing: Standing) {
        let mut state = self.session.state();
        state.cookie = CookieChange::Set {
            value: id.as_str().to_owned(),
            max_age: state.max_age(&standing.meta, self.policy.now()),
        };
        state.id = Some(id);
        if state.orders == self.orders {
            state.intent = Intent::Keep;
            state.lifetime = None;
        }
        state.next_id = None;
        state.successor = None;
        Self::accept(&mut state, standing);
    }
}
