//! What a request does to a session, in a form that can be applied again to a newer state of it.

use std::fmt;
use std::sync::Arc;

use crate::body::{Content, Text, WriteId};
use crate::error::Error;

/// One step of an `update`: JSON text in, JSON text out; `None` is no value.
pub(crate) type Step = Arc<dyn Fn(Option<&str>) -> Result<Option<Text>, Error> + Send + Sync>;

/// One change. Keys are plain text, values JSON text.
#[derive(Clone)]
pub(crate) enum Change {
    Set(Text, Text),
    Unset(Text),
    Update(Text, Step),
    Flash(Text, Text),
    /// Removes a flash value that was read, if it still is the value that was read.
    ConsumeFlash(Text, Text),
    /// Removes a flash value unread, if it still is the value that was seen.
    UnsetFlash(Text, Text),
    /// Keeps a flash value that was read, unless there is a newer one.
    KeepFlash(Text, Text),
    Clear,
}

impl Change {
    /// Whether it only removes or restores flash values, so that nothing is lost if there is no
    /// record to apply it to.
    pub(crate) fn only_tidies_flash(&self) -> bool {
        matches!(self, Self::ConsumeFlash(..) | Self::UnsetFlash(..) | Self::KeepFlash(..))
    }

    /// Applies it to `content`, and returns whether that changed anything. Adds to `missed` the key
    /// of a flash value that was to be consumed and is no longer there.
    pub(crate) fn apply(
        &self,
        content: &mut Content,
        missed: &mut Vec<Text>,
    ) -> Result<bool, Error> {
        let Content { values, flash } = content;
        Ok(match self {
            Self::Set(key, value) => values.set(key, value),
            Self::Unset(key) => values.remove(key),
            Self::Update(key, step) => match step(values.get(key))? {
                Some(value) => values.set(key, &value),
                None => values.remove(key),
            },
            Self::Flash(key, value) => flash.set(key, value),
            Self::ConsumeFlash(key, value) => {
                let present = flash.get(key) == Some(value);
                if !present {
                    missed.push(key.clone());
                }
                present && flash.remove(key)
            }
            Self::UnsetFlash(key, value) => flash.get(key) == Some(value) && flash.remove(key),
            Self::KeepFlash(key, value) => !flash.contains(key) && flash.set(key, value),
            Self::Clear => {
                let changes = !(values.is_empty() && flash.is_empty());
                content.clear();
                changes
            }
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
            Self::ConsumeFlash(key, _) => ("ConsumeFlash", key),
            Self::UnsetFlash(key, _) => ("UnsetFlash", key),
            Self::KeepFlash(key, _) => ("KeepFlash", key),
            Self::Clear => return f.write_str("Clear"),
        };
        write!(f, "{name}({key:?})")
    }
}

/// Changes that are sent together, under one id however often they are sent.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) id: WriteId,
    pub(crate) changes: Vec<Change>,
}

/// Applies `changes` to `content`, in order, and returns the keys of the flash values that were
/// missed.
pub(crate) fn replay(changes: &[Change], content: &mut Content) -> Result<Vec<Text>, Error> {
    let mut missed = Vec::new();
    for change in changes {
        change.apply(content, &mut missed)?;
    }
    Ok(missed)
}

#[cfg(test)]
#[path = "../tests/unit/change.rs"]
mod tests;
