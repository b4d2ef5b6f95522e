//! The service that a layer makes.

use std::fmt;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use crate::handle::CloseGuard;
use crate::{Error, OnError, ResponseFuture, SessionHandle, SessionManager};

/// Calls an inner service, and saves the sessions of its requests. Made by
/// [`SessionLayer`](crate::SessionLayer).
#[derive(Clone)]
pub struct SessionService<S, E> {
    inner: S,
    manager: SessionManager,
    on_error: E,
}

impl<S, E> SessionService<S, E> {
    pub(crate) fn new(inner: S, manager: SessionManager, on_error: E) -> Self {
        Self { inner, manager, on_error }
    }
}

impl<S, E, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S, E>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    E: OnError<ResBody>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, E, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let handle = SessionHandle::new(&self.manager, request.headers(), request.uri());
        // Before the call, which may panic.
        let guard = CloseGuard::new(handle.clone());
        if request.extensions_mut().insert(handle).is_some() {
            Error::TwoLayers.log();
            let response = self.on_error.respond(&Error::TwoLayers);
            return ResponseFuture::answered(response, self.on_error.clone());
        }
        ResponseFuture::new(self.inner.call(request), guard, self.on_error.clone())
    }
}

impl<S: fmt::Debug, E> fmt::Debug for SessionService<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("inner", &self.inner)
            .field("manager", &self.manager)
            .finish_non_exhaustive()
    }
}
