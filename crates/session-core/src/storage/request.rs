//! What request handling asks of a session.

use crate::engine::Plan;
use crate::id::SessionId;
use crate::origin::{Intent, Origin};
use crate::outcome::CookieChange;
use crate::state::Session;

/// What the save that belongs to the response has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingWork {
    /// Nothing: the save can be omitted.
    Nothing,
    /// Move the idle deadline of an unchanged session. The client need not know if that fails.
    Deadline,
    /// Keep what the request did to the session, its end or its new id included, or give the
    /// browser its cookie.
    Changes,
}

/// What the cookie of a request led to. If the request carries several cookies of the name, the one
/// with the smallest value here counts, and the first of those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// A live session.
    Live,
    /// A session that has moved to a new id.
    Moved,
    /// A session that has expired or is damaged, and that a logout or a new id still ends.
    Expired,
    /// No session: it was destroyed, is unknown, or there was no cookie.
    Nothing,
}

/// What the cookie led to that `session` was opened with.
pub fn found(session: &Session) -> Found {
    match session.state().origin {
        Origin::Live(_) => Found::Live,
        Origin::Moved(_) => Found::Moved,
        Origin::Expired(_) | Origin::Damaged(_) => Found::Expired,
        Origin::New | Origin::Destroyed(_) => Found::Nothing,
    }
}

/// Makes a logout ([`destroy`](Session::destroy), [`restart`](Session::restart)) end the sessions
/// with these ids too: those in further cookies of the request.
pub fn also_end(session: &Session, ids: impl IntoIterator<Item = SessionId>) {
    session.state().also_end.extend(ids);
}

/// Closes `session`: every later change is [`Error::Closed`](crate::Error::Closed). Call it once
/// the handler has returned, before the save that belongs to the response.
pub fn close(session: &Session) -> PendingWork {
    let mut state = session.state();
    state.closed = true;
    // A save under way may be about to make a cookie that this response has to carry.
    let may_owe_cookie = state.cookie != CookieChange::Keep || state.intent != Intent::Keep;
    match state.plan(state.policy.now()) {
        _ if may_owe_cookie || state.dirty => PendingWork::Changes,
        Plan::Nothing => PendingWork::Nothing,
        Plan::Touch => PendingWork::Deadline,
        _ => PendingWork::Changes,
    }
}

/// Whether `session` was [closed](close).
pub fn is_closed(session: &Session) -> bool {
    session.state().closed
}

/// The change of the cookie that the saves of `session` so far have caused: for a response whose
/// last save failed.
pub fn owed_cookie(session: &Session) -> CookieChange {
    session.state().cookie.clone()
}

/// Whether the request's cookie named a live session, or one that moved and whose values are still
/// readable under the old id.
pub fn existed(session: &Session) -> bool {
    session.state().existed()
}

/// The id that a browser with `session` sends; `None` if nothing is stored yet.
pub fn current_id(session: &Session) -> Option<SessionId> {
    session.state().current_id()
}
