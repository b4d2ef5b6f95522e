//! The end of a session, wherever it has moved to.

use std::collections::HashSet;

use tracing::debug;

use super::records::Records;
use super::save::Save;
use crate::error::{ErrorKind, Result};
use crate::origin::{Intent, Origin, Unanswered};
use crate::outcome::{CookieChange, Outcome};

impl Save<'_> {
    /// How many records one logout destroys for each further cookie.
    const MAX_OTHERS: usize = 32;

    /// Destroys the session. The browser drops the cookie, whether a session was found or not.
    pub(super) async fn destroy(&self) -> Result<Outcome> {
        self.destroy_all().await?;
        let mut state = self.session.state();
        state.origin = Origin::New;
        state.cookie = CookieChange::Remove;
        state.intent = Intent::Keep;
        Ok(Outcome::Destroyed)
    }

    /// Destroys the session, and stores what was set since then under a fresh id.
    pub(super) async fn restart(&self) -> Result<Outcome> {
        self.destroy_all().await?;
        self.session.state().origin = Origin::New;
        self.create().await
    }

    /// Destroys sessions that this request does not continue: one that had expired or was damaged,
    /// and those of further cookies.
    pub(super) async fn end_others(&self) -> Result<Outcome> {
        self.destroy_all().await?;
        let mut state = self.session.state();
        state.origin = Origin::New;
        if self.intent_is_unchanged(&state) {
            state.intent = Intent::Keep;
        }
        Ok(Outcome::Destroyed)
    }

    /// Ends the session, and those of the request's further cookies.
    async fn destroy_all(&self) -> Result<()> {
        let (known, own, others) = {
            let mut state = self.session.state();
            let (known, key) = match &state.origin {
                Origin::New => (None, None),
                Origin::Damaged(key) => (None, Some(key.clone())),
                Origin::Live(found)
                | Origin::Moved(found)
                | Origin::Destroyed(found)
                | Origin::Expired(found) => (Some(found.clone()), Some(found.key.clone())),
            };
            let successor = state.successor.iter().map(|it| it.snapshot.key.clone());
            let own: Vec<_> = successor.chain(key).collect();
            let is_up_to_date = state.unanswered.is_none();
            if let Some(found) = &known {
                state.unanswered =
                    Some(Unanswered { base: found.version.clone(), only_tombstone: false });
            }
            let others = state.also_end.iter().map(|id| self.records.policy.record_key(id));
            (known.filter(|_| is_up_to_date), own, others.collect::<Vec<_>>())
        };
        let mut seen = HashSet::new();
        if !self.records.destroy(own, known, Records::MAX_DESTROYED, &mut seen).await? {
            return Err(Records::too_many_moves());
        }
        // Someone may have planted these, and must not be able to prevent the logout.
        for key in others {
            match self.records.destroy(vec![key], None, Self::MAX_OTHERS, &mut seen).await {
                Ok(true) => {}
                Ok(false) => debug!("the session of a further cookie changed its id too often"),
                Err(error) if error.kind() == ErrorKind::Corrupt => {
                    debug!(%error, "the session of a further cookie cannot be ended");
                }
                Err(error) => return Err(error),
            }
        }
        let mut state = self.session.state();
        state.also_end.clear();
        state.successor = None;
        state.unanswered = None;
        Ok(())
    }
}
