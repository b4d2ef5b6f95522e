#![doc = include_str!("../README.md")]

mod body;
mod change;
mod clock;
mod data;
mod engine;
mod error;
mod id;
mod json;
mod key;
mod origin;
mod outcome;
mod policy;
mod random;
mod record;
mod session;
mod snapshot;
mod state;
pub mod storage;
mod store;
mod store_error;

pub use clock::Clock;
pub use data::Data;
pub use error::{Error, ErrorKind, Result};
pub use id::SessionId;
pub use key::{Key, KeyFor, KeyName, KeyOf};
pub use outcome::{CookieChange, Outcome, Saved};
pub use policy::{FlashPolicy, Lifetime, SessionPolicy};
pub use record::{Condition, PutOutcome, Record, RecordKey, Version};
pub use state::Session;
pub use storage::{CookieContent, SessionStorage};
pub use store::RecordStore;
pub use store_error::{StoreError, StoreErrorKind};
