//! The values and the flash values of a session, as JSON text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use bytestring::ByteString;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
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
        8 + members
            .map(|(key, value)| key.len() + value.len() + 6)
            .sum::<usize>()
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

/// The members of a JSON object, in their order and with duplicates.
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl Object<'_> {
    /// Of members with the same key, the last one counts, as in JavaScript.
    pub(super) fn members(&self, body: &Text) -> Members {
        let shared = |text: &str| body.slice_ref(text);
        let members = self.0.iter().map(|(key, value)| {
            let key = match key {
                Cow::Borrowed(key) => shared(key),
                Cow::Owned(key) => Text::from(key.as_str()),
            };
            (key, shared(value.get()))
        });
        members.collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Str(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
