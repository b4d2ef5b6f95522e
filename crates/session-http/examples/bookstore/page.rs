//! What every page of the shop shows, and how a template becomes a response.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use session_http::{Session, SessionHandle};

use crate::account::USER;
use crate::cart::CART;
use crate::csrf;
use crate::failure::Failure;
use crate::notice::{NOTICE, Notice};
use crate::theme::{THEME, Theme};

/// The frame of a page: who is logged in, how many books are in the cart, what just happened.
///
/// A handler that takes one as an argument opens the session. Its failure is an error page, which that of taking the `Session`
/// itself is not.
pub(crate) struct Page {
    pub(crate) session: Session,
    pub(crate) user: Option<String>,
    pub(crate) count: u32,
    pub(crate) theme: Option<Theme>,
    pub(crate) notice: Option<Notice>,
    /// Goes into every form; see [`csrf`].
    pub(crate) token: String,
    /// Where the visitor is, to come back to.
    pub(crate) path: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let session = SessionHandle::of(&parts.extensions)?.open().await?;
        Ok(Self {
            user: session.get(USER)?,
            count: session.get(CART)?.unwrap_or_default().count(),
            theme: session.get(THEME)?,
            notice: match is_ahead_of_time(&parts.headers) {
                true => session.peek(NOTICE)?,
                false => session.get(NOTICE)?,
            },
            token: csrf::token(&session)?,
            path: parts.uri.path().to_owned(),
            session,
        })
    }
}

impl Page {
    pub(crate) fn is_theme(&self, name: &str) -> bool {
        self.theme.is_some_and(|theme| theme.name() == name)
    }
}

/// Whether the browser fetches a page that nobody asked to see yet: what is told once is not told to nobody.
fn is_ahead_of_time(headers: &HeaderMap) -> bool {
    let purpose = headers.get("sec-purpose").map(|value| value.as_bytes());
    purpose.is_some_and(|purpose| purpose.starts_with(b"prefetch"))
}

/// The page, kept by no cache: the back button shows nothing of a visitor who has logged out.
pub(crate) fn render(template: &impl Template) -> Result<Response, Failure> {
    let html = Html(template.render()?);
    Ok(([(header::CACHE_CONTROL, "no-store")], html).into_response())
}
