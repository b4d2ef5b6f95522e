//! The values and the flash values of a session, as JSON text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use bytestring::ByteString;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::text::Str;

/// UTF-8 text that shares the bytes of the body from which it was read.
pub(crate) type Text = ByteString;

/// JSON texts by key.
pub(crate) type Members = BTreeMap<Text, Text>;

/// The values and the flash values of a session.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) values: Members,
    pub(crate) flash: Members,
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
        let members = self.values.iter().chain(&self.flash);
        8 + members.map(|(key, value)| key.len() + value.len() + 6).sum::<usize>()
    }
}

/// Prints the keys only: values may be secret.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("values", &self.values.keys())
            .field("flash", &self.flash.keys())
            .finish()
    }
}

/// Sets a member, and returns whether that changed anything.
pub(crate) fn set(members: &mut Members, key: &Text, value: &Text) -> bool {
    members.insert(key.clone(), value.clone()).as_ref() != Some(value)
}

/// Writes a JSON object. Each value is JSON text already.
pub(super) fn write(members: &Members, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, (key, value)) in members.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        // Writing a string to a Vec cannot fail.
        let _ = serde_json::to_writer(&mut *out, &**key);
        out.push(b':');
        out.extend_from_slice(value.as_bytes());
    }
    out.push(b'}');
}

/// Reads a JSON object into members that share the bytes of the body.
pub(super) struct ReadObject<'t>(pub(super) &'t Text);

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
        let mut members = Members::new();
        while let Some((Str(key), value)) = map.next_entry::<_, &RawValue>()? {
            let key = match key {
                Cow::Borrowed(key) => body.slice_ref(key),
                Cow::Owned(key) => key.into(),
            };
            // Of members with the same key, the last one counts, as in JavaScript.
            members.insert(key, body.slice_ref(value.get()));
        }
        Ok(members)
    }
}
