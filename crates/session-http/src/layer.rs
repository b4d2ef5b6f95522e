//! The layer, and its response when a session was not saved.

use std::fmt;

use http::Response;
use tower_layer::Layer;

use crate::{Error, SessionManager, SessionService};

/// Gives every request a [`SessionHandle`](crate::SessionHandle), and saves the session with the
/// response if it was opened.
///
/// The session is saved before the response's headers are sent, whatever the status. It is not
/// saved if the inner service fails or panics. A request that does not open its session loads
/// nothing. Put layers that end requests by a timeout inside this one, so that what was done until
/// then is saved.
///
/// The front page of this crate has an example.
#[derive(Clone)]
pub struct SessionLayer<E = StatusOnly> {
    manager: SessionManager,
    on_error: E,
}

/// Makes the response of a request whose session was not opened or not saved.
///
/// Closures `Fn(&Error) -> Response<B>` implement it.
pub trait OnError<B>: Clone {
    /// The response that tells the client.
    fn respond(&self, error: &Error) -> Response<B>;

    /// The response where a handler, or the extractor before it, has answered with the error
    /// itself, as `response`. Unless you implement it, the same as [`respond`](Self::respond).
    fn replace(&self, error: &Error, response: Response<B>) -> Response<B> {
        let _ = response;
        self.respond(error)
    }
}

/// Answers with the error's [status](Error::status) and an empty body, and leaves the response of a
/// handler as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatusOnly;

impl SessionLayer {
    /// A layer whose errors are bare statuses.
    pub fn new(manager: SessionManager) -> Self {
        Self { manager, on_error: StatusOnly }
    }

    /// Answers with `respond(&error)` when a session was not saved: an error page, a gRPC status.
    /// The handler's response is dropped, because it says that all went well.
    ///
    /// With axum it also makes the response where the extractor could not open the session, and
    /// where a handler returns an [`Error`].
    pub fn on_error<F>(self, respond: F) -> SessionLayer<F> {
        SessionLayer { manager: self.manager, on_error: respond }
    }
}

impl<B: Default> OnError<B> for StatusOnly {
    fn respond(&self, error: &Error) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = error.status();
        response
    }

    fn replace(&self, _: &Error, response: Response<B>) -> Response<B> {
        response
    }
}

impl<B, F: Fn(&Error) -> Response<B> + Clone> OnError<B> for F {
    fn respond(&self, error: &Error) -> Response<B> {
        self(error)
    }
}

impl<S, E: Clone> Layer<S> for SessionLayer<E> {
    type Service = SessionService<S, E>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, self.manager.clone(), self.on_error.clone())
    }
}

impl<E> fmt::Debug for SessionLayer<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").field("manager", &self.manager).finish_non_exhaustive()
    }
}
