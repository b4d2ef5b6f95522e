//! The values and the flash values of a session, as JSON text.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::scan::Scanner;
use crate::change::Text;
use crate::room::reset_list;

/// Values and flash values in the order in which they were first set. Most stand in the body that they were read from, as
/// spans; those set since are their own.
#[derive(Clone, Default)]
pub(crate) struct Content {
    pub(super) body: Bytes,
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
    Own(Text),
}

impl Content {
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.flash.is_empty()
    }

    pub(crate) fn value(&self, key: &[u8]) -> Option<&[u8]> {
        self.find(&self.values, key)
    }

    pub(crate) fn flash(&self, key: &[u8]) -> Option<&[u8]> {
        self.find(&self.flash, key)
    }

    /// The JSON text under `key` in entries of this content. The last of two equal keys counts, as in JavaScript.
    pub(crate) fn find<'a>(&'a self, entries: &'a [Entry], key: &[u8]) -> Option<&'a [u8]> {
        entries
            .iter()
            .rfind(|entry| self.text(&entry.key) == key)
            .map(|entry| self.text(&entry.value))
    }

    /// Says whether that changed anything, as those below.
    pub(crate) fn set_value(&mut self, key: &Text, value: &Text) -> bool {
        set(&self.body, &mut self.values, key, value)
    }

    pub(crate) fn set_flash(&mut self, key: &Text, value: &Text) -> bool {
        set(&self.body, &mut self.flash, key, value)
    }

    pub(crate) fn unset_value(&mut self, key: &[u8]) -> bool {
        unset(&self.body, &mut self.values, key)
    }

    pub(crate) fn unset_flash(&mut self, key: &[u8]) -> bool {
        unset(&self.body, &mut self.flash, key)
    }

    pub(crate) fn clear(&mut self) -> bool {
        let held = !self.is_empty();
        self.values.clear();
        self.flash.clear();
        held
    }

    /// As new, but for the room of its lists.
    pub(crate) fn reset(&mut self) {
        let Self {
            body,
            values,
            flash,
        } = self;
        *body = Bytes::new();
        reset_list(values);
        reset_list(flash);
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.values.capacity() + self.flash.capacity()
    }

    #[cfg(test)]
    pub(crate) fn is_new(&self) -> bool {
        self.body.is_empty() && self.is_empty()
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

    /// The entry as it stands in the body, where neither part is its own and no white space lies between: most are written as they
    /// were read.
    fn member(&self, entry: &Entry) -> Option<&[u8]> {
        match (&entry.key, &entry.value) {
            (Piece::Span(key, behind), Piece::Span(value, end)) if behind + 2 == *value => {
                let quote = (*key as usize).checked_sub(1)?;
                self.body.get(quote..*end as usize)
            }
            _ => None,
        }
    }

    fn write_entries(&self, entries: &[Entry], out: &mut Vec<u8>) {
        out.push(b'{');
        for (at, entry) in entries.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if let Some(member) = self.member(entry) {
                out.extend_from_slice(member);
                continue;
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

fn set(body: &Bytes, entries: &mut Vec<Entry>, key: &Text, value: &Text) -> bool {
    let is_its = |entry: &&mut Entry| text(body, &entry.key) == &**key;
    match entries.iter_mut().rfind(is_its) {
        Some(entry) if text(body, &entry.value) == &**value => return false,
        Some(entry) => entry.value = Piece::Own(Arc::clone(value)),
        None => entries.push(Entry {
            key: Piece::Own(Arc::clone(key)),
            value: Piece::Own(Arc::clone(value)),
        }),
    }
    true
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

    /// A place in a body, none of which is longer than four gigabytes.
    fn span(range: Range<usize>) -> Self {
        Self::Span(range.start as u32, range.end as u32)
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

/// An object of the body as entries.
pub(super) fn entries(scanner: &mut Scanner<'_>, entries: &mut Vec<Entry>) -> Option<()> {
    scanner.object(|scanner, key| {
        let key = if key.plain {
            Piece::span(key.inside)
        } else {
            let quoted = scanner.get(key.inside.start - 1..key.inside.end + 1);
            let text: String = serde_json::from_slice(quoted).ok()?;
            Piece::Own(text.into_bytes().into())
        };
        let value = Piece::span(scanner.value()?);
        entries.push(Entry { key, value });
        Some(())
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::body::{self, Meta};

    /// As [`Content::write`], each member made anew.
    fn written_anew(content: &Content) -> Vec<u8> {
        let object = |entries| {
            let member = |(key, value): (&[u8], &[u8])| {
                let key = serde_json::to_vec(std::str::from_utf8(key).unwrap()).unwrap();
                [&key, &b":"[..], value].concat()
            };
            let members: Vec<_> = content.texts(entries).map(member).collect();
            [&b"{"[..], &members.join(&b","[..]), b"}"].concat()
        };
        [object(&content.values), object(&content.flash)].join(&b","[..])
    }

    fn object() -> impl Strategy<Value = String> {
        let space = || prop_oneof![6 => Just(""), 1 => Just(" "), 1 => Just("\n\t")];
        let key = prop_oneof![
            4 => "[abc]{0,1}",
            1 => prop::sample::select(vec![r"\u0061", r#"\""#, r"\\", "\u{e9}\u{7f}", ":"])
                .prop_map(str::to_owned),
        ];
        let value = prop::sample::select(vec![
            "1",
            "-0.0e+3",
            r#""""#,
            r#""a\"b\\""#,
            r#"":""#,
            r#"[ 1,"]",{"a":{}}]"#,
            r#"{ "a" : "}" }"#,
            "null",
            "\"\u{fc},\\\":1\"",
        ]);
        let member = (space(), key, space(), space(), value, space());
        let member = member.prop_map(|(a, k, b, c, v, d)| format!("{a}\"{k}\"{b}:{c}{v}{d}"));
        vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(",")))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn members_as_they_stand_are_what_would_be_written(
            values in object(),
            flash in object(),
            changes in vec((0..4_u8, "[abc:\u{e9}]{0,1}"), 0..5),
        ) {
            let body = Bytes::from(format!("[{values},{flash}]"));
            let mut content = Content::default();
            prop_assert!(!body::decode(body, None, &mut content, &mut Meta::default()).unwrap());
            for (change, key) in changes {
                let key = Text::from(key.as_bytes());
                match change {
                    0 => content.set_value(&key, &b"77"[..].into()),
                    1 => content.set_flash(&key, &b"\"x\""[..].into()),
                    2 => content.unset_value(&key),
                    _ => content.unset_flash(&key),
                };
            }
            let mut written = Vec::new();
            content.write(&mut written);
            prop_assert_eq!(
                String::from_utf8(written).unwrap(),
                String::from_utf8(written_anew(&content)).unwrap()
            );
        }
    }
}
