//! The stylesheet and the icon. They are the same for everyone, so they open no session and may be
//! cached.

use axum::http::header;
use axum::response::IntoResponse;

pub(crate) async fn style() -> impl IntoResponse {
    cached("text/css; charset=utf-8", include_str!("static/style.css"))
}

pub(crate) async fn icon() -> impl IntoResponse {
    cached("image/svg+xml", include_str!("static/icon.svg"))
}

fn cached(kind: &'static str, body: &'static str) -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, body)
}
