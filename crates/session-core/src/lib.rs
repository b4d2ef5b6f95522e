//! Server-side sessions: the traits, and an engine that never loses an update.

mod error;
mod id;
mod random;
mod record;
mod store;

pub use error::{Error, ErrorKind, Result};
pub use id::SessionId;
pub use record::{Condition, PutOutcome, Record, RecordKey, Version};
pub use store::{RecordStore, StoreError, StoreErrorKind};
