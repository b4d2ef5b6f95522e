//! A copy of everything in a session.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;

/// A copy of everything that a session holds, as JSON text by key.
///
/// Numbers and nesting are as they were written. `Debug` prints the keys only; serializing it
/// prints everything.
#[derive(Clone, Default, Serialize)]
pub struct Data {
    /// The values.
    pub values: BTreeMap<String, Box<RawValue>>,
    /// The flash values that this request may read.
    pub flash: BTreeMap<String, Box<RawValue>>,
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data")
            .field("values", &self.values.keys())
            .field("flash", &self.flash.keys())
            .finish()
    }
}
