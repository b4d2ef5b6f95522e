//! The axum extractors, and errors as responses.

use std::sync::Arc;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use session_core::storage;

use crate::error::MadeFrom;
use crate::{Error, Session, SessionHandle};

/// Opens the request's session. For handlers that do not ask for it, nothing is loaded.
impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let handle = SessionHandle::of(&parts.extensions)?;
        handle.open().await
    }
}

/// The request's session if one is stored; `None` for a visitor without one. A session that has
/// moved and whose values are still readable under the old id is stored. A failed store is an
/// error.
impl<S: Send + Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Error> {
        let session = <Self as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(storage::existed(&session).then_some(session))
    }
}

/// The handle, for handlers that open the session only in some cases.
impl<S: Send + Sync> FromRequestParts<S> for SessionHandle {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Self::of(&parts.extensions).cloned()
    }
}

/// The status and a plain sentence, unless the layer has an
/// [`on_error`](crate::SessionLayer::on_error); the log says why.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        let mut response = (self.status(), self.public_message()).into_response();
        response.extensions_mut().insert(MadeFrom(Arc::new(self)));
        response
    }
}
