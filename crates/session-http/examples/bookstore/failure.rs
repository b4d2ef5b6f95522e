//! Error pages. They need no session, because opening the session may have failed.

use askama::Template;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use session_http::{Error, ErrorKind};

/// Why a page cannot be shown.
pub(crate) enum Failure {
    NotFound,
    /// A form without the token of its session.
    Forged,
    /// A form with fields that the shop's forms do not send.
    Unreadable,
    Session(Error),
    Template(askama::Error),
    /// The operating system returned no random bytes.
    Random,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    status: u16,
    title: &'static str,
    text: &'static str,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

impl From<session_core::Error> for Failure {
    fn from(error: session_core::Error) -> Self {
        Self::Session(error.into())
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::Template(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => page(
                StatusCode::NOT_FOUND,
                "There is no such page",
                "The address may have been mistyped, or the book has left the shelf.",
            ),
            Self::Forged => page(
                StatusCode::FORBIDDEN,
                "This form is out of date",
                "It does not belong to your present session, so nothing was changed. That \
                 happens after logging in or out in another tab, or when the session has ended. \
                 Go back, load the page again, and send the form once more.",
            ),
            Self::Unreadable => page(
                StatusCode::UNPROCESSABLE_ENTITY,
                "This form cannot be read",
                "A field is missing or has a value that the shop does not know. Nothing was \
                 changed.",
            ),
            Self::Session(error) => {
                tracing::error!(%error, "a session was not opened");
                session_error(&error)
            }
            Self::Template(error) => {
                tracing::error!(%error, "a page was not rendered");
                broken()
            }
            Self::Random => {
                tracing::error!("the operating system gives no random bytes");
                broken()
            }
        }
    }
}

pub(crate) async fn not_found() -> Failure {
    Failure::NotFound
}

pub(crate) async fn not_allowed() -> Response {
    page(
        StatusCode::METHOD_NOT_ALLOWED,
        "This page takes no such request",
        "A form of the shop leads here, a link or an address does not.",
    )
}

/// The error page when a session could not be opened or saved.
pub(crate) fn session_error(error: &Error) -> Response<Body> {
    let too_large = matches!(error, Error::Session(error) if error.kind() == ErrorKind::TooLarge);
    let status = error.status();
    match status {
        StatusCode::SERVICE_UNAVAILABLE => page(
            status,
            "The shop cannot reach its sessions",
            "Your cart and your login are safe, but out of reach at the moment. What you just \
             did may not have been kept. Try again in a minute.",
        ),
        StatusCode::CONFLICT => page(
            status,
            "Your session has moved on",
            "It changed in another tab while this was under way, most likely by logging in or \
             out. What you just did was not kept. Load the page again and repeat it.",
        ),
        _ if too_large => page(
            status,
            "Your cart does not fit",
            "This shop keeps its carts in a cookie at the moment, and a cookie holds no more \
             than about 4000 characters. What you just did was not kept.",
        ),
        _ => broken(),
    }
}

fn broken() -> Response {
    page(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something is broken",
        "It is not your doing, and the shop's log says what it is. What you just did was not kept.",
    )
}

fn page(status: StatusCode, title: &'static str, text: &'static str) -> Response {
    let page = ErrorPage { status: status.as_u16(), title, text };
    let headers = [(header::CACHE_CONTROL, "no-store")];
    match page.render() {
        Ok(html) => (status, headers, Html(html)).into_response(),
        Err(_) => (status, headers, title).into_response(),
    }
}
