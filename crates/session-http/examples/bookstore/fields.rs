//! The fields of a form.

use axum::Form;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// Like axum's `Form`, but invalid fields get the shop's error page.
pub(crate) struct Fields<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Fields<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match Form::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(_) => Err(Failure::Unreadable),
        }
    }
}

/// The path to go back to if it is on this site, else `/`. Browsers treat `//elsewhere` and
/// `/\elsewhere` as other sites.
pub(crate) fn local(path: &str) -> &str {
    let rest = path.strip_prefix('/').unwrap_or("/");
    let is_local = !rest.starts_with(['/', '\\']) && path.bytes().all(|b| b.is_ascii_graphic());
    if is_local { path } else { "/" }
}
