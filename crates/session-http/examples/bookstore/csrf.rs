//! CSRF protection: every form contains a token from the session, so that no other site can send a
//! form for the visitor.
//!
//! `SameSite=Lax` already withholds the cookie from such forms. The token covers sibling domains
//! and old browsers.

use axum::Form;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::middleware::Next;
use axum::response::Response;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use session_http::{Key, Session, SessionHandle};
use subtle::ConstantTimeEq;

use crate::failure::Failure;

/// It is unset at login, so that an attacker who planted a session does not know the token
/// afterwards.
pub(crate) const TOKEN: Key<String> = Key::new("csrf");

/// Larger than any form of the shop.
const MOST_BYTES: usize = 16 * 1024;

#[derive(Deserialize)]
struct Sent {
    csrf: String,
}

/// The session's token; a new one if it has none.
pub(crate) fn token(session: &Session) -> Result<String, Failure> {
    if let Some(token) = session.get(TOKEN)? {
        return Ok(token);
    }
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Failure::Random)?;
    let fresh = format!("{:032x}", u128::from_be_bytes(bytes));
    // If two pages create a token at the same time, the first one that is saved wins.
    let token = session.update(TOKEN, move |token| token.or(Some(fresh.clone())))?;
    token.ok_or(Failure::Random)
}

/// Rejects forms without the token. It wraps all routes, so no handler can forget it.
pub(crate) async fn guard(
    handle: SessionHandle,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    if request.method().is_safe() {
        return Ok(next.run(request).await);
    }
    let session = handle.open().await?;
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MOST_BYTES).await.map_err(|_| Failure::Unreadable)?;
    let copy = Request::from_parts(parts.clone(), Body::from(body.clone()));
    let sent = Form::<Sent>::from_request(copy, &()).await;
    let expected = session.get(TOKEN)?;
    let genuine = match (&sent, &expected) {
        (Ok(Form(sent)), Some(token)) => sent.csrf.as_bytes().ct_eq(token.as_bytes()).into(),
        _ => false,
    };
    if !genuine {
        return Err(Failure::Forged);
    }
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}
