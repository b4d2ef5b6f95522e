//! The body of a record: JSON `[values, flash, meta]`.
//!
//! remix writes and reads the first two elements and ignores a third. Values are kept as the JSON text that they came in, and
//! decoded only when asked for. The format is documented in `docs/formats.md` and pinned by `tests/known_answers.rs`.

mod content;
mod meta;
mod write_id;

pub(crate) use content::Content;
use content::Entry;
pub(crate) use meta::{Kind, Meta, Prev, Tombstone};
pub(crate) use write_id::{WriteId, WriteIds};

use bytes::Bytes;
use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};

use crate::{Error, RecordKey};

/// What a body holds.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) content: Content,
    /// `None` in a record that another library wrote.
    pub(crate) meta: Option<Meta>,
}

/// Reads the body that was found at `key`.
pub(crate) fn decode(bytes: Bytes, key: Option<&RecordKey>) -> Result<Body, Error> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(Error::corrupt("the record is larger than 4 GiB"));
    }
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let parsed = Elements { body: &bytes }
        .deserialize(&mut json)
        .and_then(|elements| json.end().map(|()| elements));
    let (values, flash, meta) = parsed.map_err(|error| {
        Error::corrupt(format!(
            "the record at {key:?} is not a session: expected the JSON array [values, flash, meta], stopped at byte {}",
            error.column()
        ))
    })?;
    if let (Some(meta), Some(key)) = (&meta, key) {
        meta.check(key)?;
    }
    Ok(Body {
        content: Content::new(bytes, values, flash),
        meta,
    })
}

/// Writes a body.
pub(crate) fn encode(content: &Content, meta: &Meta) -> Bytes {
    let mut out = Vec::with_capacity(content.encoded_len() + meta.encoded_len());
    out.push(b'[');
    content.write(&mut out);
    out.push(b',');
    meta.write(&mut out);
    out.push(b']');
    Bytes::from(out)
}

struct Elements<'a> {
    body: &'a [u8],
}

type Parsed = (Vec<Entry>, Vec<Entry>, Option<Meta>);

impl<'de> DeserializeSeed<'de> for Elements<'de> {
    type Value = Parsed;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Parsed, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Elements<'de> {
    type Value = Parsed;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[values, flash, meta]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Parsed, A::Error> {
        let mut entries = || {
            seq.next_element_seed(content::Entries { body: self.body })?
                .ok_or_else(|| A::Error::custom("an element is missing"))
        };
        let values = entries()?;
        let flash = entries()?;
        let meta = seq.next_element::<Option<Meta>>()?.flatten();
        Ok((values, flash, meta))
    }
}

#[cfg(test)]
mod tests;
