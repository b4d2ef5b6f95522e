//! What a save did.

use std::fmt;
use std::time::Duration;

/// The result of a save.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Saved {
    /// What happens to the cookie.
    pub cookie: CookieChange,
    /// What happened to the session.
    pub outcome: Outcome,
    /// The keys of flash values that this request read after another request had already read them.
    /// Both requests saw the value; the one that finds its key here was not the first.
    pub already_consumed: Vec<String>,
}

impl Saved {
    /// The result of a save that had nothing to do.
    pub fn unchanged() -> Self {
        Self {
            cookie: CookieChange::Keep,
            outcome: Outcome::Unchanged,
            already_consumed: Vec::new(),
        }
    }
}

/// What happens to the session cookie with this response.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum CookieChange {
    /// Nothing.
    #[default]
    Keep,
    /// The browser gets this value. A storage with ids never sends an existing id again: the value
    /// was made by this request.
    Set {
        /// The id or the data, not yet signed or encrypted.
        value: String,
        /// How long the browser keeps it; `None` until the browser closes.
        max_age: Option<Duration>,
    },
    /// The browser drops it.
    Remove,
}

/// What a save did to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// There was nothing to write.
    Unchanged,
    /// The session was written as this request saw it.
    Stored,
    /// This request's changes were applied on top of what other requests had written in between.
    Merged,
    /// The session is gone: destroyed by this request, or by a logout that came in between.
    Destroyed,
}

/// Prints no value.
impl fmt::Debug for CookieChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("Keep"),
            Self::Set { max_age, .. } => write!(f, "Set {{ max_age: {max_age:?}, .. }}"),
            Self::Remove => f.write_str("Remove"),
        }
    }
}
