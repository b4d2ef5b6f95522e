//! What a request does to a session, in a form that can be done again to a newer state of it.

use std::fmt;
use std::sync::Arc;

use crate::Error;
use crate::body::{Content, WriteId};

pub(crate) type Text = Arc<[u8]>;

/// A key as the text that it came in as.
pub(crate) fn key_text(key: &[u8]) -> &str {
    std::str::from_utf8(key).unwrap_or_default()
}

/// One step of an `update`: JSON text in, JSON text out; `None` is no value.
pub(crate) type Step = Arc<dyn Fn(Option<&[u8]>) -> Result<Option<Text>, Error> + Send + Sync>;

/// One change. Keys are plain text, values JSON text.
#[derive(Clone)]
pub(crate) enum Change {
    Set(Text, Text),
    Unset(Text),
    Update(Text, Step),
    Flash(Text, Text),
    /// A flash value was read: it goes, if it still is the value that was read.
    Consume(Text, Text),
    /// A flash value is to go unread, if it still is the one that was seen.
    TakeBack(Text, Text),
    /// A flash value that was read is to be kept, unless there is a newer one.
    Keep(Text, Text),
    Clear,
}

impl Change {
    /// Whether it only moves flash values out of the way, so that nothing is lost where it finds no record to apply to.
    pub(crate) fn is_reading(&self) -> bool {
        matches!(
            self,
            Self::Consume(..) | Self::TakeBack(..) | Self::Keep(..)
        )
    }

    /// Does it to `content`, and returns whether that changed anything; notes in `missed` a flash value that was no longer there.
    pub(crate) fn apply(
        &self,
        content: &mut Content,
        missed: &mut Vec<Text>,
    ) -> Result<bool, Error> {
        Ok(match self {
            Self::Set(key, value) => content.set_value(key, value),
            Self::Unset(key) => content.unset_value(key),
            Self::Update(key, step) => match step(content.value(key))? {
                Some(value) => content.set_value(key, &value),
                None => content.unset_value(key),
            },
            Self::Flash(key, value) => content.set_flash(key, value),
            Self::Consume(key, value) => {
                let waits = content.flash(key) == Some(value);
                if !waits {
                    missed.push(Arc::clone(key));
                }
                waits && content.unset_flash(key)
            }
            Self::TakeBack(key, value) => {
                content.flash(key) == Some(value) && content.unset_flash(key)
            }
            Self::Keep(key, value) => content.flash(key).is_none() && content.set_flash(key, value),
            Self::Clear => content.clear(),
        })
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, key) = match self {
            Self::Set(key, _) => ("Set", key),
            Self::Unset(key) => ("Unset", key),
            Self::Update(key, _) => ("Update", key),
            Self::Flash(key, _) => ("Flash", key),
            Self::Consume(key, _) => ("Consume", key),
            Self::TakeBack(key, _) => ("TakeBack", key),
            Self::Keep(key, _) => ("Keep", key),
            Self::Clear => return f.write_str("Clear"),
        };
        write!(f, "{name}({:?})", String::from_utf8_lossy(key))
    }
}

/// Changes that are sent together, under one id however often they are sent.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) id: WriteId,
    pub(crate) changes: Vec<Change>,
}

/// Does `changes` to `content`, in order, and returns the keys of flash values that it should have removed and that were gone.
pub(crate) fn replay<'a>(
    changes: impl Iterator<Item = &'a Change>,
    content: &mut Content,
) -> Result<Vec<Text>, Error> {
    let mut missed = Vec::new();
    for change in changes {
        change.apply(content, &mut missed)?;
    }
    Ok(missed)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::body::{self, Meta};

    fn members(content: &Content) -> [Vec<(Vec<u8>, Vec<u8>)>; 2] {
        let texts = |entries| {
            let texts = content.texts(entries);
            texts.map(|(key, value)| (key.to_vec(), value.to_vec()))
        };
        [&content.values, &content.flash].map(|entries| texts(entries).collect())
    }

    fn change() -> impl Strategy<Value = Change> {
        let text = |text: &str| Text::from(text.as_bytes());
        (0..9, "[ab]", "[12]").prop_map(move |(kind, key, value)| {
            let (key, value) = (text(&key), text(&value));
            match kind {
                0 => Change::Set(key, value),
                1 => Change::Unset(key),
                2 => Change::Update(key, Arc::new(move |_| Ok(Some(Arc::clone(&value))))),
                3 => Change::Update(key, Arc::new(|_| Ok(None))),
                4 => Change::Flash(key, value),
                5 => Change::Consume(key, value),
                6 => Change::Keep(key, value),
                7 => Change::TakeBack(key, value),
                _ => Change::Clear,
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_change_says_whether_it_changed_anything(
            members_before in vec(("[ab]", "[12]"), 0..3),
            changes in vec(change(), 0..8),
        ) {
            let object = members_before.iter().map(|(key, value)| format!("\"{key}\": {value}"));
            let object = object.collect::<Vec<_>>().join(",");
            let body = Bytes::from(format!("[{{{object}}},{{{object}}}]"));
            let mut content = Content::default();
            body::decode(body, None, &mut content, &mut Meta::default()).unwrap();
            for change in changes {
                let before = members(&content);
                let changed = change.apply(&mut content, &mut Vec::new()).unwrap();
                prop_assert_eq!(changed, members(&content) != before, "{:?}", change);
            }
        }
    }
}
