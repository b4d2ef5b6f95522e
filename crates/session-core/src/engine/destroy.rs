//! The end of a session, wherever it has moved to.

use super::save::Save;
use crate::error::Result;
use crate::origin::{Intent, Origin, Unanswered};
use crate::outcome::{CookieChange, Outcome};

impl Save<'_> {
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

    /// Destroys a session that this request does not continue, since it had expired or was damaged.
    pub(super) async fn end_old(&self) -> Result<Outcome> {
        self.destroy_all().await?;
        let mut state = self.session.state();
        state.origin = Origin::New;
        if self.intent_is_unchanged(&state) {
            state.intent = Intent::Keep;
        }
        Ok(Outcome::Destroyed)
    }

    /// Writes a tombstone over the session's record, over those that it moved to, and over those
    /// that it came from.
    async fn destroy_all(&self) -> Result<()> {
        let (known, queue) = {
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
            let queue: Vec<_> = successor.chain(key).collect();
            let is_up_to_date = state.unanswered.is_none();
            if let Some(found) = &known {
                state.unanswered =
                    Some(Unanswered { base: found.version.clone(), only_tombstone: false });
            }
            (known.filter(|_| is_up_to_date), queue)
        };
        self.records.destroy(queue, known).await?;
        let mut state = self.session.state();
        state.successor = None;
        state.unanswered = None;
        Ok(())
    }
}
