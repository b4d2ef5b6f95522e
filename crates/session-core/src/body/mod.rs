//! The body of a record: JSON `[values, flash, meta]`.
//!
//! remix writes and reads the first two elements and ignores a third. Values are kept as the JSON
//! text that they came in and are decoded only when an application asks for them. The format is
//! documented in `docs/formats.md` and pinned by `tests/known_answers.rs`.

mod content;
mod index;
mod meta;
mod text;
mod write_ids;

pub(crate) use content::{Content, Members, Text};
pub(crate) use index::{Entry, Epoch, Index};
pub(crate) use meta::{Binding, Kind, Meta, Prev, Tombstone};
pub(crate) use write_ids::{WriteId, WriteIds};

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::{Deserializer as _, Error as _, SeqAccess, Visitor};

use self::content::ReadObject;
use crate::error::Error;
use crate::record::RecordKey;

/// What a body holds.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) content: Content,
    /// `None` if another library wrote the record.
    pub(crate) meta: Option<Meta>,
}

/// Reads the array. A fourth element is an error.
struct ReadBody<'b>(&'b ByteString);

impl<'de> Visitor<'de> for ReadBody<'_> {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[values, flash, meta]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Body, A::Error> {
        let missing = |count| A::Error::invalid_length(count, &"at least two elements");
        let mut object = |count| {
            let object = elements.next_element_seed(ReadObject(self.0))?;
            object.ok_or_else(|| missing(count))
        };
        let content = Content { values: object(0)?, flash: object(1)? };
        let meta = elements.next_element::<Option<Meta>>()?.flatten();
        Ok(Body { content, meta })
    }
}

/// Reads the body that was found at `key`. The texts in the result share its bytes.
pub(crate) fn decode(body: &Bytes, key: &RecordKey) -> Result<Body, Error> {
    let invalid = |at: usize| {
        // serde's own message may quote the session's data.
        Error::corrupt(format!(
            "the record at {key:?} is not a session: expected the JSON array [values, flash, \
             meta], stopped at byte {at}. It may be damaged, or a newer version of this library \
             wrote it"
        ))
    };
    let text = ByteString::try_from(body.clone()).map_err(|error| invalid(error.valid_up_to()))?;
    let mut json = serde_json::Deserializer::from_str(&text);
    let read = json.deserialize_seq(ReadBody(&text));
    let read = read.and_then(|body| json.end().map(|()| body));
    let body = read.map_err(|error| invalid(position(&text, &error)))?;
    if body.meta.as_ref().is_some_and(|meta| !meta.is_of(key)) {
        return Err(Error::corrupt(format!(
            "the record at {key:?} belongs to another key; it was not opened"
        )));
    }
    Ok(body)
}

/// Writes a body.
pub(crate) fn encode(content: &Content, meta: &Meta) -> Result<Bytes, Error> {
    let mut out = Vec::with_capacity(content.size() + meta.size());
    out.push(b'[');
    content.values.write(&mut out);
    out.push(b',');
    content.flash.write(&mut out);
    out.push(b',');
    serde_json::to_writer(&mut out, meta)
        .map_err(|_| Error::corrupt("the metadata has no JSON form"))?;
    out.push(b']');
    Ok(out.into())
}

/// Where `error` occurred, in bytes from the start.
fn position(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    lines.map(str::len).sum::<usize>() + error.column()
}
