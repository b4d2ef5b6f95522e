//! The parts that all pages share, and the rendering of templates.

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

/// The parts that all pages show: the user, the number of books in the cart, and the notice.
///
/// A handler that takes it as an argument opens the session. If that fails, the visitor gets the
/// shop's error page. A handler that takes the `Session` itself answers without it.
pub(crate) struct Page {
    pub(crate) session: Session,
    pub(crate) user: Option<String>,
    pub(crate) count: u32,
    pub(crate) theme: Option<Theme>,
    pub(crate) notice: Option<Notice>,
    /// The CSRF token for forms; see [`csrf`].
    pub(crate) token: String,
    /// The path of this page. Forms send it to come back here.
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
            notice: match is_prefetch(&parts.headers) {
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

/// Whether the browser prefetches a page that the visitor may never see. It must not consume the
/// notice.
fn is_prefetch(headers: &HeaderMap) -> bool {
    let purpose = headers.get("sec-purpose").map(|value| value.as_bytes());
    purpose.is_some_and(|purpose| purpose.starts_with(b"prefetch"))
}

/// Renders a page that is not cached, so that the back button shows nothing after a logout.
pub(crate) fn render(template: &impl Template) -> Result<Response, Failure> {
    let html = Html(template.render()?);
    Ok(([(header::CACHE_CONTROL, "no-store")], html).into_response())
}
