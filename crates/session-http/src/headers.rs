//! The headers of a response.

use http::header::{CACHE_CONTROL, Entry, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue};
use session_core::{Error, Result, StoreError, StoreErrorKind};

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

/// Adds the lines that set or remove the cookie, if any, and tells caches not to store them with
/// the response (RFC 9111, section 5.2.2.4), unless the handler has set `Cache-Control` itself.
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
    let cache_control = HeaderValue::from_static("no-cache=\"Set-Cookie\"");
    headers.entry(CACHE_CONTROL).or_insert(cache_control);
    Ok(())
}
