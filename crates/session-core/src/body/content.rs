//! The values and the flash values of a session, as JSON text.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Values and flash values in the order in which they were first set. Most stand in the body that they were read from, as
/// spans; those set since are their own.
#[derive(Clone, Default)]
pub(crate) struct Content {
    body: Bytes,
    pub(crate) values: Vec<Entry>,
    pub(crate) flash: Vec<Entry>,
}

#[derive(Clone)]
pub(crate) struct Entry {
    key: Piece,
    value: Piece,
}

/// A text: a span of the body, or its own.
#[derive(Clone)]
pub(crate) enum Piece {
    Span(u32, u32),
    Own(Arc<[u8]>),
}

impl Content {
    pub(crate) fn new(body: Bytes, values: Vec<Entry>, flash: Vec<Entry>) -> Self {
        Self {
            body,
            values,
            flash,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.flash.is_empty()
    }

    pub(crate) fn value(&self, key: &str) -> Option<&[u8]> {
        self.find(&self.values, key)
    }

    pub(crate) fn flash(&self, key: &str) -> Option<&[u8]> {
        self.find(&self.flash, key)
    }

    /// The JSON text under `key` in entries of this content. The last of two equal keys counts, as in JavaScript.
    pub(crate) fn find<'a>(&'a self, entries: &'a [Entry], key: &str) -> Option<&'a [u8]> {
        entries
            .iter()
            .rfind(|entry| self.text(&entry.key) == key.as_bytes())
            .map(|entry| self.text(&entry.value))
    }

    pub(crate) fn set_value(&mut self, key: &Arc<[u8]>, value: Arc<[u8]>) {
        set(&self.body, &mut self.values, key, value);
    }

    pub(crate) fn set_flash(&mut self, key: &Arc<[u8]>, value: Arc<[u8]>) {
        set(&self.body, &mut self.flash, key, value);
    }

    pub(crate) fn unset_value(&mut self, key: &[u8]) -> bool {
        unset(&self.body, &mut self.values, key)
    }

    pub(crate) fn unset_flash(&mut self, key: &[u8]) -> bool {
        unset(&self.body, &mut self.flash, key)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Key and value of every entry, as text.
    pub(crate) fn texts<'a>(
        &'a self,
        entries: &'a [Entry],
    ) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        entries
            .iter()
            .map(|entry| (self.text(&entry.key), self.text(&entry.value)))
    }

    /// A text of one of this content's entries.
    fn text<'a>(&'a self, piece: &'a Piece) -> &'a [u8] {
        text(&self.body, piece)
    }

    pub(crate) fn encoded_len(&self) -> usize {
        let entries = self.values.iter().chain(&self.flash);
        let texts = entries.map(|entry| entry.key.len() + entry.value.len() + 6);
        texts.sum::<usize>() + 8
    }

    /// Writes `{values},{flash}`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.write_entries(&self.values, out);
        out.push(b',');
        self.write_entries(&self.flash, out);
    }

    fn write_entries(&self, entries: &[Entry], out: &mut Vec<u8>) {
        out.push(b'{');
        for (at, entry) in entries.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            let key = self.text(&entry.key);
            let plain = |b: &u8| *b >= 0x20 && *b != b'"' && *b != b'\\';
            if key.iter().all(plain) {
                out.push(b'"');
                out.extend_from_slice(key);
                out.push(b'"');
            } else {
                // Writing a string to a Vec cannot fail; the key came in as a string, so it is UTF-8.
                let _ = serde_json::to_writer(&mut *out, &String::from_utf8_lossy(key));
            }
            out.push(b':');
            out.extend_from_slice(self.text(&entry.value));
        }
        out.push(b'}');
    }
}

fn text<'a>(body: &'a Bytes, piece: &'a Piece) -> &'a [u8] {
    match piece {
        Piece::Span(start, end) => body.get(*start as usize..*end as usize).unwrap_or_default(),
        Piece::Own(bytes) => bytes,
    }
}

fn set(body: &Bytes, entries: &mut Vec<Entry>, key: &Arc<[u8]>, value: Arc<[u8]>) {
    let value = Piece::Own(value);
    match entries
        .iter_mut()
        .rfind(|entry| text(body, &entry.key) == &**key)
    {
        Some(entry) => entry.value = value,
        None => entries.push(Entry {
            key: Piece::Own(Arc::clone(key)),
            value,
        }),
    }
}

fn unset(body: &Bytes, entries: &mut Vec<Entry>, key: &[u8]) -> bool {
    let before = entries.len();
    entries.retain(|entry| text(body, &entry.key) != key);
    entries.len() < before
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Span(start, end) => (end - start) as usize,
            Self::Own(bytes) => bytes.len(),
        }
    }

    /// `part` as a span of `body`, in which it stands.
    fn within(body: &[u8], part: &str) -> Self {
        let offset = (part.as_ptr() as usize).wrapping_sub(body.as_ptr() as usize);
        match (
            u32::try_from(offset),
            u32::try_from(offset.wrapping_add(part.len())),
        ) {
            (Ok(start), Ok(end)) if end as usize <= body.len() => Self::Span(start, end),
            _ => Self::Own(part.as_bytes().into()),
        }
    }
}

/// Prints the keys only: values may be secret.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = |entries: &[Entry]| -> Vec<String> {
            let texts = entries.iter().map(|entry| self.text(&entry.key));
            texts
                .map(|key| String::from_utf8_lossy(key).into_owned())
                .collect()
        };
        f.debug_struct("Content")
            .field("values", &keys(&self.values))
            .field("flash", &keys(&self.flash))
            .finish()
    }
}

/// Reads an object of the body as entries.
pub(super) struct Entries<'a> {
    pub(super) body: &'a [u8],
}

impl<'de> DeserializeSeed<'de> for Entries<'de> {
    type Value = Vec<Entry>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entries<'de> {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(KeyText { body: self.body })? {
            let value: &RawValue = map.next_value()?;
            let value = Piece::within(self.body, value.get());
            entries.push(Entry { key, value });
        }
        Ok(entries)
    }
}

struct KeyText<'a> {
    body: &'a [u8],
}

impl<'de> DeserializeSeed<'de> for KeyText<'de> {
    type Value = Piece;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Piece, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeyText<'de> {
    type Value = Piece;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Piece, E> {
        Ok(Piece::within(self.body, key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Piece, E> {
        Ok(Piece::Own(key.as_bytes().into()))
    }
}
