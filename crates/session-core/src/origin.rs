//! The record behind a session, and what becomes of it.

use crate::id::SessionId;
use crate::record::{RecordKey, Version};
use crate::snapshot::Snapshot;

/// The record behind the session.
#[derive(Clone, Debug, Default)]
pub(crate) enum Origin {
    /// None: the session is new.
    #[default]
    New,
    /// A session, as it was last loaded or written.
    Live(Snapshot),
    /// A tombstone: another request moved the session to a new id.
    Moved(Snapshot),
    /// A tombstone: another request destroyed the session. This request has started a new one.
    Destroyed(Snapshot),
    /// A record that cannot be read. This request has started a new session, and can remove it.
    Damaged(RecordKey),
    /// A session that had expired when it was opened. This request has started a new one, but it
    /// can still end this one, for requests that opened it in time.
    Expired(Snapshot),
}

/// What becomes of the record when the session is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Intent {
    #[default]
    Keep,
    /// It moves to a new id; its values stay readable under the old one for so many milliseconds.
    Regenerate {
        keep_old: u64,
    },
    Restart,
    Destroy,
}

/// The new record of a session that gets a new id. No browser knows it yet.
#[derive(Clone, Debug)]
pub(crate) struct Successor {
    pub(crate) id: SessionId,
    pub(crate) snapshot: Snapshot,
    /// Whether it was built from the state of the old record that is in `origin`.
    pub(crate) current: bool,
}

/// A write whose outcome is unknown.
#[derive(Clone, Debug)]
pub(crate) struct Unanswered {
    /// The version that it replaces. If the record has another one now, the write either has taken
    /// effect or never will.
    pub(crate) base: Version,
    /// Whether it is a tombstone, and no changes were sent on top of the same version.
    pub(crate) only_tombstone: bool,
}
