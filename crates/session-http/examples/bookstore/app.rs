//! The pages, and the layers around them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use session_http::{SessionLayer, SessionManager, SessionPolicy};

use crate::{about, account, assets, browse, cart, csrf, failure, note, theme};

/// The state that handlers share.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) backend: Arc<str>,
    pub(crate) cookie: Arc<str>,
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
}

impl Shop {
    pub(crate) fn new(backend: &str, policy: &SessionPolicy, cookie: &str) -> Self {
        Self {
            backend: backend.into(),
            cookie: cookie.into(),
            idle: policy.idle_timeout(),
            absolute: policy.absolute_lifetime(),
        }
    }
}

pub(crate) fn router(shop: Shop, manager: SessionManager) -> Router {
    Router::new()
        .route("/", get(browse::shelf))
        .route("/books/{slug}", get(browse::book))
        .route("/cart", get(cart::show))
        .route("/cart/add", post(cart::add))
        .route("/cart/change", post(cart::change))
        .route("/cart/remove", post(cart::remove))
        .route("/cart/note", post(note::keep))
        .route("/checkout", post(cart::checkout))
        .route("/login", get(account::form).post(account::login))
        .route("/logout", post(account::logout))
        .route("/theme", post(theme::choose))
        .route("/session", get(about::show))
        // Inside the session layer, because it opens the session of every POST.
        .route_layer(middleware::from_fn(csrf::guard))
        // These do not take the session, so none is loaded for them.
        .route("/style.css", get(assets::style))
        .route("/favicon.ico", get(assets::icon))
        .fallback(failure::not_found)
        .method_not_allowed_fallback(failure::not_allowed)
        .layer(SessionLayer::new(manager).on_error(failure::session_error))
        .layer(middleware::map_response(harden))
        .with_state(shop)
}

/// Adds security headers to every response.
async fn harden(mut response: Response) -> Response {
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
