//! The headers of a response.

use http::header::{CACHE_CONTROL, Entry, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue};
use session_core::{Error, Result, StoreError, StoreErrorKind};
use tracing::warn;

/// Tells caches that the response depends on the cookie (RFC 9110, section 12.5.5).
pub(crate) fn vary(headers: &mut HeaderMap) {
    let covers = |field: &HeaderValue| {
        let names = field.as_bytes().split(|b| *b == b',');
        names
            .map(<[u8]>::trim_ascii)
            .any(|name| name == b"*" || name.eq_ignore_ascii_case(b"cookie"))
    };
    let cookie = HeaderValue::from_static("Cookie");
    match headers.entry(VARY) {
        Entry::Vacant(none) => {
            none.insert(cookie);
        }
        Entry::Occupied(mut fields) => {
            if !fields.iter().any(covers) {
                fields.append(cookie);
            }
        }
    }
}

/// Adds the lines that set or remove the cookie, if any, and forbids caches to store them with the
/// response (RFC 9111, section 5.2.2.5), unless the handler has set `Cache-Control` itself.
///
/// An outer layer may have a default for responses that do not say anything. It does not see that
/// this one would not have said anything, so nothing but the strictest directive is sure to be no
/// weaker than that default.
pub(crate) fn set_cookies(headers: &mut HeaderMap, lines: Vec<String>) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    for line in lines {
        let mut value = HeaderValue::try_from(line).map_err(|_| {
            Error::Store(StoreError::new(
                StoreErrorKind::Config,
                "the session cookie holds a character that is not allowed in headers; check its name, \
                 path and domain",
            ))
        })?;
        // Its `Debug` must not print the id, and HTTP/2 must not put it into a shared index.
        value.set_sensitive(true);
        headers.append(SET_COOKIE, value);
    }
    if let Some(directive) = shared_caching(headers) {
        warn!(
            directive,
            "a response that sets the session cookie lets shared caches store it with Cache-Control, \
             so a cache may give one user's session to others; say no-store or private there"
        );
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    Ok(())
}

/// The directive with which the application allows shared caches to store the response, unless
/// another one forbids it.
fn shared_caching(headers: &HeaderMap) -> Option<&'static str> {
    let mut allowed = None;
    for field in headers.get_all(CACHE_CONTROL) {
        for directive in directives(field.as_bytes()) {
            let name = directive.split(|byte| *byte == b'=').next().unwrap_or_default();
            match name.trim_ascii().to_ascii_lowercase().as_slice() {
                b"public" => allowed = Some("public"),
                b"s-maxage" => allowed = Some("s-maxage"),
                // With a value, they are about single headers.
                b"private" | b"no-store" if name == directive => return None,
                _ => {}
            }
        }
    }
    allowed
}

/// The directives of a `Cache-Control` field. A comma in quotes does not end one.
fn directives(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut in_quotes = false;
    field.split(move |byte| {
        in_quotes ^= *byte == b'"';
        *byte == b',' && !in_quotes
    })
}
