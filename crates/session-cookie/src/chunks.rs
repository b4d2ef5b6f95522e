//! A value that is split over several cookies: `name`, `name.1`, `name.2` and so on.
//!
//! The first begins with `k`, their number and a dot. All of them carry a tag that says which value
//! they belong to, so that a part of another value, or one that someone planted, is ignored. Number
//! and tag come from the client, so they only choose what is joined, within bounds. The whole value
//! was protected before it was split, so a wrong selection does not verify.

use std::borrow::Cow;
use std::collections::HashMap;

use ring::digest;
use session_core::{Error, Result};

use crate::{SessionCookie, base64url, header};

/// The first six bytes of the SHA-256 of the whole value, in base64url.
///
/// Someone who does not know the value cannot guess the tag, because the value contains random
/// bytes.
const TAG: usize = 8;

/// The chunks of one cookie that a request carries.
pub(crate) struct Chunks<'h> {
    /// The cookies of the name itself, in the order of the request: first chunks, and whole values.
    firsts: Vec<&'h [u8]>,
    /// The others, by number and tag.
    parts: HashMap<(usize, &'h [u8]), &'h [u8]>,
    /// One more than the highest number of a chunk.
    count: usize,
}

impl<'h> Chunks<'h> {
    pub(crate) fn find(headers: impl IntoIterator<Item = &'h [u8]>, name: &str) -> Self {
        let mut chunks = Self { firsts: Vec::new(), parts: HashMap::new(), count: 0 };
        for (of, value) in header::cookies(headers) {
            // Browsers keep no longer cookie.
            if value.is_empty() || value.len() > SessionCookie::MAX_BYTES {
                continue;
            }
            let Some(number) = number(of, name.as_bytes()) else { continue };
            chunks.count = chunks.count.max(number + 1);
            if number == 0 {
                chunks.firsts.push(value);
            } else if let Some((tag, part)) = split_tag(value) {
                chunks.parts.entry((number, tag)).or_insert(part);
            }
        }
        chunks
    }

    /// One more than the highest number of a chunk.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The values that are whole, or were split into at most `most` of these chunks.
    pub(crate) fn joined(self, most: usize) -> impl Iterator<Item = Cow<'h, [u8]>> {
        let Self { firsts, parts, .. } = self;
        firsts.into_iter().map(move |first| {
            // A chunk whose others are missing is passed on as it is, and is no valid value.
            join(first, &parts, most).map_or(Cow::Borrowed(first), Cow::Owned)
        })
    }
}

/// The value of which `first` is the first chunk.
fn join(first: &[u8], parts: &HashMap<(usize, &[u8]), &[u8]>, most: usize) -> Option<Vec<u8>> {
    let [b'k', count @ b'2'..=b'9', b'.', rest @ ..] = first else { return None };
    let count = usize::from(count - b'0');
    if count > most {
        return None;
    }
    let (tag, start) = split_tag(rest)?;
    let mut value = start.to_vec();
    for number in 1..count {
        value.extend_from_slice(parts.get(&(number, tag))?);
    }
    Some(value)
}

/// The tag and the part of the value.
fn split_tag(chunk: &[u8]) -> Option<(&[u8], &[u8])> {
    let (tag, rest) = chunk.split_at_checked(TAG)?;
    Some((tag, rest.strip_prefix(b".")?))
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

/// The `Set-Cookie` lines that carry `text` in at most `most` cookies, each ending in `tail`.
pub(crate) fn split(name: &str, text: &str, tail: &str, most: usize) -> Result<Vec<String>> {
    const AROUND: usize = "=k2..".len() + TAG;
    const { assert!(".1=.".len() + TAG <= AROUND && SessionCookie::MAX_CHUNKS <= 9) };
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
    let (count, tag) = (text.len().div_ceil(capacity), tag(text));
    let (mut lines, mut rest) = (Vec::with_capacity(count), text);
    for number in 0..count {
        let (chunk, after) = rest.split_at_checked(capacity).unwrap_or((rest, ""));
        lines.push(match number {
            0 => format!("{name}=k{count}.{tag}.{chunk}{tail}"),
            _ => format!("{name}.{number}={tag}.{chunk}{tail}"),
        });
        rest = after;
    }
    Ok(lines)
}

fn tag(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let mut tag = String::new();
    base64url::append(digest, &mut tag);
    tag.truncate(TAG);
    tag
}

#[cfg(test)]
#[path = "../tests/unit/chunks.rs"]
mod tests;
