//! A value that is split over several cookies: `name`, `name.1`, `name.2` and so on.
//!
//! The first begins with `k`, their count and a dot. The count comes from the client, so it only chooses what is put together,
//! within bounds; the whole was protected before it was split, and a wrong selection or mixture does not verify.

use std::borrow::Cow;

use session_core::{Error, Result};

use crate::{SessionCookie, header};

/// The parts of one cookie that a request carries, each with its number and possibly several times.
pub(crate) struct Parts<'h> {
    found: Vec<(usize, &'h [u8])>,
}

impl<'h> Parts<'h> {
    pub(crate) fn new(headers: impl IntoIterator<Item = &'h [u8]>, name: &str) -> Self {
        const MOST: usize = SessionCookie::MAX_CHUNKS * SessionCookie::MAX_CANDIDATES;
        let found = header::cookies(headers)
            .filter(|(_, value)| !value.is_empty())
            .filter_map(|(part, value)| Some((number(part, name.as_bytes())?, value)))
            .take(MOST)
            .collect();
        Self { found }
    }

    /// One more than the highest number of a part.
    pub(crate) fn count(&self) -> usize {
        let numbers = self.found.iter().map(|(number, _)| number + 1);
        numbers.max().unwrap_or(0)
    }

    /// What the parts may have been before they were split into at most `most`.
    ///
    /// Browsers send cookies of the same name in the same order, so the second set is made of each part's second cookie.
    pub(crate) fn wholes(&self, most: usize) -> impl Iterator<Item = Cow<'h, [u8]>> {
        (0..SessionCookie::MAX_CANDIDATES).map_while(move |set| {
            let first = self.of(0).nth(set)?;
            let Some((count, start)) = split_count(first).filter(|(count, _)| *count <= most)
            else {
                return Some(Cow::Borrowed(first));
            };
            let mut whole = start.to_vec();
            for number in 1..count {
                let part = self.of(number).nth(set);
                whole
                    .extend_from_slice(part.or_else(|| self.of(number).last()).unwrap_or_default());
            }
            Some(Cow::Owned(whole))
        })
    }

    fn of(&self, number: usize) -> impl Iterator<Item = &'h [u8]> {
        let parts = self.found.iter().filter(move |(of, _)| *of == number);
        parts.map(|(_, value)| *value)
    }
}

/// Which part of the cookie `name` is called this: 0, or the number after the dot.
fn number(part: &[u8], name: &[u8]) -> Option<usize> {
    match part.strip_prefix(name)? {
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
    let room = SessionCookie::MAX_BYTES.saturating_sub(overhead);
    if room == 0 || text.len().div_ceil(room) > most {
        return Err(Error::TooLarge {
            size: text.len() + overhead * most,
            limit: SessionCookie::MAX_BYTES * most,
            what: "the session does not fit into its chunked cookie, names and attributes counted; keep less in it, or use a store on the server",
        });
    }
    let count = text.len().div_ceil(room);
    let (mut lines, mut rest) = (Vec::with_capacity(count), text);
    for number in 0..count {
        let (part, after) = rest.split_at_checked(room).unwrap_or((rest, ""));
        lines.push(match number {
            0 => format!("{name}=k{count}.{part}{tail}"),
            _ => format!("{name}.{number}={part}{tail}"),
        });
        rest = after;
    }
    Ok(lines)
}
