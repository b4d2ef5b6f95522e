//! A login, as a request asks for it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::body::{Epoch, Text};
use crate::record::RecordKey;

/// What a request learned of an account before it checked the password.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) name: Text,
    /// Where the account's index is.
    pub(crate) key: RecordKey,
    pub(crate) taken_at: u64,
    epoch: Mutex<Option<Epoch>>,
}

/// A login that the next save carries out.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub(crate) handle: Arc<Handle>,
    pub(crate) label: Option<String>,
    pub(crate) at: u64,
}

impl Handle {
    pub(crate) fn new(name: &str, key: RecordKey, epoch: Option<Epoch>, taken_at: u64) -> Self {
        Self { name: name.into(), key, taken_at, epoch: Mutex::new(epoch) }
    }

    /// The account's epoch as this handle's user knows it.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        *self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request that ended all sessions with this handle may still sign in with it.
    pub(crate) fn set_epoch(&self, epoch: Epoch) {
        *self.epoch.lock().unwrap_or_else(PoisonError::into_inner) = Some(epoch);
    }
}
