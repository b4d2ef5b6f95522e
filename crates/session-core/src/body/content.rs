//! The values and the flash values of a session, as JSON text.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytestring::ByteString;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::text::Str;

/// A key, or a value as JSON text.
pub(crate) type Text = Arc<str>;

/// The values and the flash values of a session.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Content {
    pub(crate) values: Members,
    pub(crate) flash: Members,
}

/// JSON texts by key, in the order in which they were first set. Those that were read from a body
/// are parts of it; those that were set since are texts of their own.
#[derive(Clone, Default)]
pub(crate) struct Members {
    body: ByteString,
    entries: Vec<(Part, Part)>,
}

#[derive(Clone)]
enum Part {
    Body(Range<usize>),
    Own(Text),
}

impl Content {
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.flash.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.flash.clear();
    }

    /// About how many bytes it takes in a body.
    pub(super) fn size(&self) -> usize {
        let members = self.values.iter().chain(self.flash.iter());
        8 + members.map(|(key, value)| key.len() + value.len() + 6).sum::<usize>()
    }
}

/// Prints the keys only: values may be secret.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("values", &self.values).field("flash", &self.flash).finish()
    }
}

impl Members {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        // The last of members with the same key counts, as in JavaScript.
        self.iter().rfind(|(of, _)| *of == key).map(|(_, value)| value)
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        let text = |part| text(&self.body, part);
        self.entries.iter().map(move |(key, value)| (text(key), text(value)))
    }

    /// Sets a member, and returns whether that changed anything.
    pub(crate) fn set(&mut self, key: &Text, value: &Text) -> bool {
        let Self { body, entries } = self;
        match entries.iter_mut().rfind(|(of, _)| *text(body, of) == **key) {
            Some((_, old)) if *text(body, old) == **value => return false,
            Some((_, old)) => *old = Part::Own(value.clone()),
            None => entries.push((Part::Own(key.clone()), Part::Own(value.clone()))),
        }
        true
    }

    /// Removes all members with this key, and returns whether there was one.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let Self { body, entries } = self;
        let before = entries.len();
        entries.retain(|(of, _)| text(body, of) != key);
        entries.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Writes a JSON object. Each value is JSON text already.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (at, (key, value)) in self.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            // Writing a string to a Vec cannot fail.
            let _ = serde_json::to_writer(&mut *out, key);
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
        }
        out.push(b'}');
    }
}

fn text<'a>(body: &'a ByteString, part: &'a Part) -> &'a str {
    match part {
        Part::Body(range) => body.get(range.clone()).unwrap_or_default(),
        Part::Own(text) => text,
    }
}

/// Prints the keys only.
impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(key, _)| key)).finish()
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// Reads a JSON object of this body.
pub(super) struct ReadObject<'b>(pub(super) &'b ByteString);

impl<'de> DeserializeSeed<'de> for ReadObject<'_> {
    type Value = Members;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReadObject<'_> {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let Self(body) = self;
        let mut members = Members { body: body.clone(), entries: Vec::new() };
        while let Some((Str(key), value)) = map.next_entry::<_, &RawValue>()? {
            let key = match key {
                Cow::Borrowed(key) => part_of(body, key),
                Cow::Owned(key) => Part::Own(key.into()),
            };
            members.entries.push((key, part_of(body, value.get())));
        }
        Ok(members)
    }
}

/// `text` as a part of `body`, from which serde_json borrowed it.
fn part_of(body: &str, text: &str) -> Part {
    let start = text.as_ptr().addr().wrapping_sub(body.as_ptr().addr());
    let range = start..start.saturating_add(text.len());
    match body.get(range.clone()) {
        Some(part) if part.as_ptr() == text.as_ptr() => Part::Body(range),
        _ => Part::Own(text.into()),
    }
}
