//! A value that is split over several cookies: `name`, `name.1`, `name.2` and so on.
//!
//! The first begins with `k`, their number and a dot. The number comes from the client, so it only
//! chooses what is joined, within bounds. The whole value was protected before it was split, so a
//! wrong selection or mixture does not verify.

use std::borrow::Cow;

use session_core::{Error, Result};

use crate::{SessionCookie, header};

/// The chunks of one cookie that a request carries, each with its number and possibly several
/// times.
pub(crate) struct Chunks<'h> {
    found: Vec<(usize, &'h [u8])>,
}

impl<'h> Chunks<'h> {
    pub(crate) fn find(headers: impl IntoIterator<Item = &'h [u8]>, name: &str) -> Self {
        const LIMIT: usize = SessionCookie::MAX_CHUNKS * SessionCookie::MAX_CANDIDATES;
        let found = header::cookies(headers)
            .filter(|(_, value)| !value.is_empty())
            .filter_map(|(of, value)| Some((number(of, name.as_bytes())?, value)))
            .take(LIMIT)
            .collect();
        Self { found }
    }

    /// One more than the highest number of a chunk.
    pub(crate) fn count(&self) -> usize {
        let numbers = self.found.iter().map(|(number, _)| number + 1);
        numbers.max().unwrap_or(0)
    }

    /// The values that may have been split into at most `most` of these chunks.
    ///
    /// Browsers send cookies of the same name in the same order, so the second value is joined from
    /// each chunk's second cookie.
    pub(crate) fn joined(&self, most: usize) -> impl Iterator<Item = Cow<'h, [u8]>> {
        (0..SessionCookie::MAX_CANDIDATES).map_while(move |nth| {
            let first = self.numbered(0).nth(nth)?;
            let Some((count, start)) = split_count(first).filter(|(count, _)| *count <= most)
            else {
                return Some(Cow::Borrowed(first));
            };
            let mut value = start.to_vec();
            for number in 1..count {
                let mut chunks = self.numbered(number);
                let chunk = chunks.nth(nth).or_else(|| self.numbered(number).last());
                value.extend_from_slice(chunk.unwrap_or_default());
            }
            Some(Cow::Owned(value))
        })
    }

    fn numbered(&self, number: usize) -> impl Iterator<Item = &'h [u8]> {
        let chunks = self.found.iter().filter(move |(of, _)| *of == number);
        chunks.map(|(_, value)| *value)
    }
}

/// The number of the chunk that is called `chunk`: 0, or the digit after the dot.
fn number(chunk: &[u8], name: &[u8]) -> Option<usize> {
    match chunk.strip_prefix(name)? {
        [] => Some(0),
        [b'.', digit @ b'1'..=b'9'] => {
            Some(usize::from(digit - b'0')).filter(|number| *number < SessionCookie::MAX_CHUNKS)
        }
        _ => None,
    }
}

fn split_count(first: &[u8]) -> Option<(usize, &[u8])> {
    match first.strip_prefix(b"k")? {
        [count @ b'2'..=b'9', b'.', start @ ..] => Some((usize::from(count - b'0'), start)),
        _ => None,
    }
}

/// The `Set-Cookie` lines that carry `text` in at most `most` cookies, each ending in `tail`.
pub(crate) fn split(name: &str, text: &str, tail: &str, most: usize) -> Result<Vec<String>> {
    const AROUND: usize = "=k2.".len();
    const { assert!(".1=".len() <= AROUND && SessionCookie::MAX_CHUNKS <= 9) };
    let overhead = name.len() + AROUND + tail.len();
    let capacity = SessionCookie::MAX_BYTES.saturating_sub(overhead);
    if capacity == 0 || text.len().div_ceil(capacity) > most {
        return Err(Error::TooLarge {
            size: text.len() + overhead * most,
            limit: SessionCookie::MAX_BYTES * most,
            what: "the session does not fit into its chunked cookie, names and attributes counted; \
                   keep less in it, or use a store on the server",
        });
    }
    let count = text.len().div_ceil(capacity);
    let (mut lines, mut rest) = (Vec::with_capacity(count), text);
    for number in 0..count {
        let (chunk, after) = rest.split_at_checked(capacity).unwrap_or((rest, ""));
        lines.push(match number {
            0 => format!("{name}=k{count}.{chunk}{tail}"),
            _ => format!("{name}.{number}={chunk}{tail}"),
        });
        rest = after;
    }
    Ok(lines)
}
