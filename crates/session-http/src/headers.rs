//! The header fields of a session.

use std::fmt;

use arrayvec::ArrayVec;
use http::header::{CACHE_CONTROL, COOKIE, Entry, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue};

use session_core::{Error, Result, StoreError, StoreErrorKind};

/// The `Cookie` fields of a request; HTTP/2 may split them.
#[derive(Default)]
pub(crate) struct Cookies {
    /// The first field, where it is short: a copy takes less than the two atomic operations of a clone and its end.
    short: ArrayVec<u8, 512>,
    /// The first field, where it is longer.
    long: Option<HeaderValue>,
    rest: Option<Box<[HeaderValue]>>,
}

impl Cookies {
    /// Takes those of `headers`; there must be none yet.
    #[inline]
    pub(crate) fn fill(&mut self, headers: &HeaderMap) {
        let Some(first) = headers.get(COOKIE) else {
            return;
        };
        if self.short.try_extend_from_slice(first.as_bytes()).is_err() {
            self.long = Some(first.clone());
        }
        // Where each field stands once, one look is enough.
        if headers.len() > headers.keys_len() {
            self.fill_rest(headers);
        }
    }

    #[cold]
    fn fill_rest(&mut self, headers: &HeaderMap) {
        self.rest = Some(headers.get_all(COOKIE).iter().skip(1).cloned().collect());
    }

    /// Leaves none.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.short.clear();
        // To look takes less than to call what then drops nothing.
        if self.long.is_some() {
            self.long = None;
        }
        if self.rest.is_some() {
            self.rest = None;
        }
    }

    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        let whole = self.long.iter().chain(self.rest.iter().flatten());
        std::iter::once(self.short.as_slice()).chain(whole.map(HeaderValue::as_bytes))
    }
}

/// Prints none of them.
impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookies(..)")
    }
}

/// Says that the response depends on the cookie, for caches (RFC 9110, section 12.5.5).
pub(crate) fn vary(headers: &mut HeaderMap) {
    let covers = |field: &HeaderValue| {
        let names = field.as_bytes().split(|b| *b == b',');
        names
            .map(<[u8]>::trim_ascii)
            .any(|name| name == b"*" || name.eq_ignore_ascii_case(b"cookie"))
    };
    let cookie = const { HeaderValue::from_static("Cookie") };
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

/// Adds the lines that set or remove the cookie, if any, and keeps caches from storing them with the response (RFC 9111, section
/// 5.2.2.4), unless the handler gave an instruction of its own.
pub(crate) fn set_cookies(headers: &mut HeaderMap, lines: Vec<String>) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    for line in lines {
        let value = HeaderValue::try_from(line).map_err(|_| {
            Error::Store(StoreError::new(
                StoreErrorKind::Config,
                "the session cookie holds a character that no header may; check its name, path and domain",
            ))
        })?;
        headers.append(SET_COOKIE, value);
    }
    let cache_control = const { HeaderValue::from_static("no-cache=\"Set-Cookie\"") };
    headers.entry(CACHE_CONTROL).or_insert(cache_control);
    Ok(())
}
