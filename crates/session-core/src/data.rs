//! A copy of everything in a session.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::body::Content;

/// A copy of everything that a session holds, as JSON text by key.
///
/// Numbers and nesting are as they were written. `Debug` prints the keys only; serializing prints everything.
#[derive(Clone, Default, Serialize)]
pub struct Data {
    /// The values that were set.
    pub values: BTreeMap<String, Box<RawValue>>,
    /// The flash values that this request may read.
    pub flash: BTreeMap<String, Box<RawValue>>,
}

impl Data {
    pub(crate) fn new(content: &Content, readable: Option<&Content>) -> Self {
        Self {
            values: copy(content.texts(&content.values)),
            flash: readable.map_or_else(BTreeMap::new, |readable| {
                copy(readable.texts(&readable.flash))
            }),
        }
    }
}

fn copy<'a>(texts: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> BTreeMap<String, Box<RawValue>> {
    texts
        .filter_map(|(key, json)| {
            let json = String::from_utf8_lossy(json).into_owned();
            let raw = RawValue::from_string(json).ok()?;
            Some((String::from_utf8_lossy(key).into_owned(), raw))
        })
        .collect()
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data")
            .field("values", &self.values.keys())
            .field("flash", &self.flash.keys())
            .finish()
    }
}
