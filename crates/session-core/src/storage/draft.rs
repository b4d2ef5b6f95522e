//! What a request did to a session, for storages without records.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::lock::MutexGuard;

use crate::body::Meta;
use crate::engine::Plan;
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::origin::{Intent, Origin};
use crate::outcome::CookieChange;
use crate::record::{RecordKey, Version};
use crate::snapshot::{Snapshot, Unwritten};
use crate::state::Session;

/// What a request did to its session; see [`draft`].
pub struct Draft<'a> {
    /// What the storage has to do.
    pub action: Action,
    /// The session's id; a new one if it was new, regenerated or restarted.
    pub id: SessionId,
    /// Destroy the sessions with these ids too: a logout ends the session of each cookie that the
    /// request carried.
    pub also_destroy: Vec<SessionId>,
    /// The session as the body of a record.
    pub body: Bytes,
    /// How long the session may live from now on, used or not; `None` if the browser drops it when
    /// it closes.
    pub max_age: Option<Duration>,
    /// How long the session lives if it is not used again.
    pub idle: Duration,
    session: &'a Session,
    _saving: MutexGuard<'a, ()>,
    record: Unwritten,
    /// The body holds this many of the request's changes; the handler may make more before the
    /// draft is settled.
    changes: usize,
    intent_revision: u32,
}

/// What a storage has to do with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Replace the old body by the new one; only the deadline has moved.
    Touch,
    /// Replace the old body by the new one.
    Write,
    /// Keep the new body under the new id, and destroy the old session if there was one.
    Replace,
    /// Destroy the session.
    Destroy,
}

/// Prints the body's length only: it holds the session's data.
impl fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("action", &self.action)
            .field("id", &self.id)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("also_destroy", &self.also_destroy)
            .field("max_age", &self.max_age)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}

/// What the request did to `session` since the last draft that was [settled](Draft::settle); `None`
/// if there is nothing to keep.
///
/// It waits until no other save of the session is under way, and none starts until the draft is
/// dropped. So do not save the session to another storage while you hold one.
///
/// # Errors
///
/// [`Error::Unsupported`] for a login to an account. [`Error::Random`] if a new id is needed and the operating system gives no
/// random bytes.
pub async fn draft(session: &Session) -> Result<Option<Draft<'_>>> {
    let saving = session.start_save().await;
    let mut state = session.state();
    if state.sign_in.is_some() {
        return Err(Error::Unsupported(
            "this storage keeps no accounts: its sessions travel in their cookies",
        ));
    }
    let now = state.policy.now();
    let action = match state.plan(now) {
        // Changes without effect are not sent: the browser may have got another request's cookie in
        // the meantime, and would lose what that request changed.
        Plan::Nothing | Plan::Confirm { .. } | Plan::EndOthers => return Ok(None),
        Plan::Touch => Action::Touch,
        Plan::Write => Action::Write,
        Plan::Create | Plan::Regenerate { .. } | Plan::Restart => Action::Replace,
        Plan::Destroy => Action::Destroy,
    };
    let id = state.id()?;
    let (created, lifetime) = state.created_and_lifetime(now);
    let deadline = state.policy.idle_deadline(created, lifetime, now);
    let key = match &state.origin {
        Origin::Live(live) if action != Action::Replace => live.key.clone(),
        _ => RecordKey::hashed(&id),
    };
    let meta = Meta::new(&key, created, deadline, lifetime);
    let max_age = state.max_age(&meta, now);
    let record = Snapshot::encode(key, &state.content, meta)?;
    let also_destroy = if state.is_ending() { state.also_end.clone() } else { Vec::new() };
    Ok(Some(Draft {
        action,
        id,
        also_destroy,
        body: record.body.clone(),
        max_age,
        idle: Duration::from_millis(deadline.saturating_sub(now)),
        session,
        _saving: saving,
        record,
        changes: state.changes.len(),
        intent_revision: state.intent_revision,
    }))
}

impl Draft<'_> {
    /// Tells the session that the storage has kept this draft, and that `cookie` goes to the
    /// browser.
    pub fn settle(self, cookie: CookieChange) {
        let mut state = self.session.state();
        state.next_id = None;
        if state.intent_revision == self.intent_revision {
            state.remove_changes(self.changes);
            state.dirty = !state.changes.is_empty();
            state.intent = Intent::Keep;
            state.lifetime = None;
        }
        state.also_end.retain(|id| !self.also_destroy.contains(id));
        if self.action == Action::Destroy {
            state.origin = Origin::New;
        } else {
            state.id = Some(self.id);
            state.origin = Origin::Live(self.record.stored(Version::from(0)));
        }
        if cookie != CookieChange::Keep {
            state.cookie = cookie;
        }
    }
}
