//! The body of a record: JSON `[values, flash, meta]`.
//!
//! remix writes and reads the first two elements and ignores a third. Values are kept as the JSON text that they came in, and
//! decoded only when asked for. The format is documented in `docs/formats.md` and pinned by `tests/known_answers.rs`.

mod content;
mod meta;
mod scan;
mod wire;
mod write_id;

pub(crate) use content::Content;
pub(crate) use meta::{Kind, Meta, Prev, Tag, Tombstone, tag};
pub(crate) use write_id::{WriteId, WriteIds};

use bytes::Bytes;
use content::Entry;
use scan::Scanner;

use crate::{Error, RecordKey};

/// Reads the body that was found at `key` into `content` and `meta`, in place, since moving what an open makes is a good part of its
/// cost; without meaning where that fails. Returns whether there is metadata: a record that another library wrote has none.
pub(crate) fn decode(
    body: Bytes,
    key: Option<&RecordKey>,
    content: &mut Content,
    meta: &mut Meta,
) -> Result<bool, Error> {
    if u32::try_from(body.len()).is_err() {
        return Err(Error::corrupt("the record is larger than 4 GiB"));
    }
    content.clear();
    content.body = body;
    let Content {
        body,
        values,
        flash,
    } = content;
    let mut scanner = Scanner::new(body);
    let has_meta = match elements(&mut scanner, body, values, flash, meta) {
        Some(has) if scanner.is_ascii() || std::str::from_utf8(body).is_ok() => has,
        _ => {
            let at = key.map_or_else(String::new, |key| format!(" at {key:?}"));
            return Err(Error::corrupt(format!(
                "the record{at} is not a session: expected the JSON array [values, flash, meta], stopped at byte {}",
                scanner.at()
            )));
        }
    };
    if let (true, Some(key)) = (has_meta, key) {
        meta.check(key)?;
    }
    Ok(has_meta)
}

/// At least as many bytes as [`encode`] writes, unless a plain key is full of what JSON escapes.
pub(crate) fn encoded_len(content: &Content, meta: &Meta) -> usize {
    content.encoded_len() + meta.encoded_len()
}

/// Writes a body to the end of `out`.
pub(crate) fn encode(content: &Content, meta: &Meta, out: &mut Vec<u8>) {
    out.push(b'[');
    content.write(out);
    out.push(b',');
    meta.write(out);
    out.push(b']');
}

/// The three elements, and whether there is the last; `None` if `body` is something else.
fn elements(
    scanner: &mut Scanner<'_>,
    body: &Bytes,
    values: &mut Vec<Entry>,
    flash: &mut Vec<Entry>,
    meta: &mut Meta,
) -> Option<bool> {
    scanner.expect(b'[')?;
    content::entries(scanner, values)?;
    scanner.expect(b',')?;
    content::entries(scanner, flash)?;
    let has_meta = match scanner.eat(b',') {
        false => false,
        true if scanner.peek()? == b'n' => scanner.word(b"null").map(|()| false)?,
        true => meta.read(scanner, body).map(|()| true)?,
    };
    scanner.expect(b']')?;
    scanner.is_at_end().then_some(has_meta)
}
