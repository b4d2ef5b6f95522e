//! The session, as a request carries it.

use std::ops::Deref;

/// The session of a request: everything that [`session_core::Session`] does, as an axum extractor, and saved with the response.
#[derive(Clone, Debug)]
pub struct Session {
    inner: session_core::Session,
    /// How many chunks of the cookie the request carried.
    pub(crate) carried: usize,
}

impl Session {
    pub(crate) fn new(inner: session_core::Session, carried: usize) -> Self {
        Self { inner, carried }
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
