//! What a request did to a session, for storages without records.

use std::fmt;
use std::time::Duration;

use crate::body::{self, Meta, Tag};
use crate::state::{Intent, Origin, Standing, State};
use crate::{CookieChange, Lifetime, RecordKey, Result, Session, SessionId};

/// What a request did to its session; see [`draft`].
#[derive(Clone)]
pub struct Draft {
    /// What the storage has to do.
    pub action: Action,
    /// The id under which the session now stands; a new one if it was new, regenerated or restarted.
    pub id: SessionId,
    /// What was put before it, and the session as a record's body.
    pub body: Vec<u8>,
    /// How long the session may live from now on, used or not; `None` if the browser is to drop it when it closes.
    pub max_age: Option<Duration>,
    /// How long it lives if it is not used again.
    pub idle: Duration,
    created: u64,
    deadline: u64,
    lifetime: Lifetime,
    tag: Tag,
    /// What the body holds of the request's changes and orders; more may come before the draft is settled.
    changes: usize,
    orders: u32,
}

/// Prints the body's length only: it holds the session's data.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("action", &self.action)
            .field("id", &self.id)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("max_age", &self.max_age)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}

/// What a storage has to do with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Keep the new body in the old one's place; only the deadline moved.
    Touch,
    /// Keep the new body in the old one's place.
    Write,
    /// Keep the new body under the new id, and retire the old one.
    Replace,
    /// Retire the session.
    Destroy,
}

/// For an id and some words about it.
const ROOM: usize = 64;

/// What the request did to `session` so far, beyond what was [settled](settle); `None` if there is nothing to keep.
///
/// `head` writes what stands before the body in what the storage keeps, by the session's id. It is called with the session locked,
/// and must not use it.
///
/// # Errors
///
/// [`Error::Random`](crate::Error::Random) if a new id is needed and the operating system gives no random bytes.
pub fn draft(
    session: &Session,
    head: impl FnOnce(&SessionId, &mut Vec<u8>),
) -> Result<Option<Draft>> {
    let mut state = session.state();
    let now = state.policy.now();
    let Some(action) = state.action(now) else {
        return Ok(None);
    };
    let id = state.id()?;
    let (created, lifetime) = state.span(now);
    let deadline = state.policy.idle_deadline(created, lifetime, now);
    let tag = match (&state.origin, action) {
        // The id stays, and so does the tag, which takes a hash to make.
        (Origin::Live(live), Action::Touch | Action::Write) if !live.foreign => live.meta.tag,
        _ => body::tag(&RecordKey::hashed(&id)),
    };
    let meta = Meta::tagged(tag, created, deadline, lifetime);
    let mut body = Vec::with_capacity(ROOM + body::encoded_len(&state.content, &meta));
    head(&id, &mut body);
    body::encode(&state.content, &meta, &mut body);
    Ok(Some(Draft {
        action,
        id,
        body,
        max_age: state.max_age(&meta, now),
        idle: Duration::from_millis(deadline.saturating_sub(now)),
        created,
        deadline,
        lifetime,
        tag,
        changes: state.changes.len(),
        orders: state.orders,
    }))
}

/// Notes that the storage kept `draft`, and that `cookie` goes to the browser for it.
pub fn settle(session: &Session, draft: Draft, cookie: CookieChange) {
    let mut state = session.state();
    state.next_id = None;
    if state.orders == draft.orders {
        let kept = draft.changes.min(state.changes.len());
        state.changes.drain(..kept);
        state.dirty = !state.changes.is_empty();
        state.intent = Intent::Keep;
        state.lifetime = None;
    }
    // What else was drafted before this counted changes that are settled now.
    state.orders = state.orders.wrapping_add(1);
    if draft.action == Action::Destroy {
        state.origin = Origin::New;
    } else {
        state.id = Some(draft.id);
        let meta = Meta::tagged(draft.tag, draft.created, draft.deadline, draft.lifetime);
        state.origin = Origin::Live(Standing::sealed(meta));
    }
    if cookie != CookieChange::Keep {
        state.cookie = cookie;
    }
}

impl State {
    fn action(&self, now: u64) -> Option<Action> {
        Some(match (&self.origin, self.intent) {
            (_, Intent::Destroy) => Action::Destroy,
            (Origin::Live(_), Intent::Regenerate { .. } | Intent::Restart) => Action::Replace,
            (Origin::Live(_), Intent::Keep) if self.dirty => Action::Write,
            (Origin::Live(live), Intent::Keep) if self.touch_is_due(live, now) => Action::Touch,
            (Origin::Live(_), Intent::Keep) => return None,
            _ if self.content.is_empty() => return None,
            _ => Action::Replace,
        })
    }

    /// Whether the idle deadline of an unchanged session is worth moving.
    pub(crate) fn touch_is_due(&self, live: &Standing, now: u64) -> bool {
        let (created, lifetime) = (live.meta.created, live.meta.lifetime);
        let next = self.policy.idle_deadline(created, lifetime, now);
        let absolute = self.policy.absolute_deadline(created, lifetime);
        live.foreign || self.policy.move_is_due(live.meta.deadline, next, absolute)
    }

    /// How long a cookie that is made now may live in the browser.
    pub(crate) fn max_age(&self, meta: &Meta, now: u64) -> Option<Duration> {
        let absolute = self.policy.absolute_deadline(meta.created, meta.lifetime);
        let left = Duration::from_millis(absolute.saturating_sub(now));
        (meta.lifetime != Lifetime::BrowserSession).then_some(left)
    }
}
