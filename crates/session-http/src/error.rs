//! What can go wrong, as a response.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use session_core::ErrorKind;

/// Why a request has no session, or could not keep what it did to it. Handlers return it with `?`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The session could not be opened, changed or saved.
    Session(session_core::Error),
    /// No [`SessionLayer`](crate::SessionLayer) handled the request.
    NoLayer,
    /// Two layers handled the request; which of them would save its session?
    TwoLayers,
}

impl Error {
    /// The status that tells the client what it can do: 503 to try again later, 409 to repeat with
    /// the new cookie, or 500.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Session(error) => match error.kind() {
                ErrorKind::Unavailable | ErrorKind::Timeout => StatusCode::SERVICE_UNAVAILABLE,
                ErrorKind::Moved
                | ErrorKind::Vanished
                | ErrorKind::SignedOut
                | ErrorKind::TooManySessions => StatusCode::CONFLICT,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::NoLayer | Self::TwoLayers => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What a client may know: no detail of the server.
    pub fn public_message(&self) -> &'static str {
        match self {
            Self::Session(session_core::Error::SignedOut) => {
                return "All sessions of this account were ended during the login. Sign in again.";
            }
            Self::Session(session_core::Error::TooManySessions { .. }) => {
                return "This account is signed in on too many devices. Sign out on one of them first.";
            }
            _ => {}
        }
        match self.status() {
            StatusCode::SERVICE_UNAVAILABLE => {
                "The session could not be reached. What you sent may not have been kept; try again in a moment."
            }
            StatusCode::CONFLICT => {
                "Your session changed while this request was under way, and what you sent was not kept. Load the page again."
            }
            _ => "The session could not be kept. The server's log says why.",
        }
    }

    /// Writes it to the log (`tracing`) with its causes: conflicts at debug level, all else as
    /// errors.
    ///
    /// [`SessionLayer`](crate::SessionLayer) does this for its own responses, and so does the axum
    /// response of an error that a handler returns. Call it when you turn the error into a response
    /// yourself.
    pub fn log(&self) {
        match self.status() {
            StatusCode::CONFLICT => {
                tracing::debug!(error = %self, "a session changed under a request")
            }
            _ => {
                let cause = std::error::Error::source(self).map(Causes);
                tracing::error!(error = %self, cause = cause.map(tracing::field::display), "a session was not opened or kept")
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(error) => error.fmt(f),
            Self::NoLayer => f.write_str(
                "no SessionLayer handled this request; add one to the router with \
                 .layer(SessionLayer::new(..)), after its routes and after every layer that uses the \
                 session: the layer that is added last handles a request first",
            ),
            Self::TwoLayers => f.write_str(
                "two SessionLayers handled this request; keep only the outer one",
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Session(error) => error.source(),
            Self::NoLayer | Self::TwoLayers => None,
        }
    }
}

/// In a response's extensions: the error that the response was made from, so that the layer can
/// answer with the application's own page.
#[derive(Clone)]
pub(crate) struct MadeFrom(pub(crate) Arc<Error>);

/// An error and its causes.
struct Causes<'a>(&'a (dyn std::error::Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(first) = self;
        first.fmt(f)?;
        let mut next = first.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

impl From<session_core::Error> for Error {
    fn from(error: session_core::Error) -> Self {
        Self::Session(error)
    }
}
