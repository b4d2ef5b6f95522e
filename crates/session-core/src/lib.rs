#![doc = include_str!("../README.md")]

mod answer;
mod body;
mod change;
mod clock;
mod data;
mod draft;
mod engine;
mod error;
mod finite;
mod id;
mod key;
mod policy;
mod random;
mod record;
mod room;
mod session;
mod state;
pub mod storage;
mod store;

pub use clock::Clock;
pub use data::Data;
pub use error::{Error, ErrorKind, Result};
pub use id::SessionId;
pub use key::{Key, KeyFor, KeyName, KeyOf};
pub use policy::{FlashPolicy, Lifetime, SessionPolicy};
pub use record::{Condition, PutOutcome, Record, RecordKey, Version};
pub use session::{Committed, Session};
pub use storage::{CookieChange, CookieContent, Outcome, Saved, SessionStorage};
pub use store::{RecordStore, StoreError, StoreErrorKind};
