//! The session of a request.

use std::ops::Deref;

use session_core::{Outcome, Result};

use crate::SessionManager;
use crate::delivery::Doubt;

/// The session of a request: everything that [`session_core::Session`] does, as an axum extractor,
/// and saved with the response.
#[derive(Clone, Debug)]
pub struct Session {
    pub(crate) inner: session_core::Session,
    pub(crate) manager: SessionManager,
    /// How many chunks of the cookie the request carried.
    pub(crate) chunk_count: usize,
    /// Why the browser may drop a cookie that the response sets.
    pub(crate) doubt: Doubt,
}

/// The result of a [`commit`](Session::commit).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed {
    /// What happened to the record.
    pub outcome: Outcome,
    /// The keys of flash values that this request read after another request had already read them.
    /// Both requests saw the value; the one that finds its key here was not the first.
    pub already_consumed: Vec<String>,
}

impl Session {
    /// Saves now: for a handler that must know before it continues, for a long stream, or for a job
    /// without a response. It takes as long as the store takes, and tries for five seconds if other
    /// requests keep changing the session.
    ///
    /// The cookie that a new, regenerated or destroyed session needs goes with the response. You
    /// can change the session and save it again afterwards.
    ///
    /// # Errors
    ///
    /// [`Store`](session_core::Error::Store), [`Moved`](session_core::Error::Moved),
    /// [`Vanished`](session_core::Error::Vanished), [`TooLarge`](session_core::Error::TooLarge):
    /// the changes were not kept, or it is unknown because the store was unavailable. They stay in
    /// the session, and a later save tries again without applying them twice.
    /// [`Unsupported`](session_core::Error::Unsupported) if the data travels in the cookie.
    /// [`Closed`](session_core::Error::Closed) after the response.
    pub async fn commit(&self) -> Result<Committed> {
        self.manager.commit(self).await
    }

    /// The session itself, for code that knows no HTTP. Both are one session.
    pub fn into_inner(self) -> session_core::Session {
        self.inner
    }
}

impl Deref for Session {
    type Target = session_core::Session;

    fn deref(&self) -> &session_core::Session {
        &self.inner
    }
}
