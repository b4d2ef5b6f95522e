//! Session records in the memory of one process: sharded, bounded, expiring.
//!
//! For tests, for one server whose logins need not outlive it, and as the fastest backend that there is. Several servers, or
//! sessions that survive a restart, need another store.
//!
//! ```
//! use std::time::Duration;
//!
//! use session_core::{Condition, RecordKey, RecordStore, SessionId};
//! use session_store_memory::MemoryStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemoryStore::builder()
//!     .max_records(100_000)
//!     .max_bytes(64 << 20)
//!     .build();
//!
//! let key = RecordKey::hashed(&SessionId::random()?);
//! let hour = Duration::from_secs(3600);
//! store.put(&key, "[{},{}]".into(), hour, Condition::IfAbsent).await?;
//! assert!(store.load(&key).await?.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Bounds
//!
//! The store holds at most [`max_records`](MemoryStoreBuilder::max_records) records in at most
//! [`max_bytes`](MemoryStoreBuilder::max_bytes) of memory ([`MemoryStore::RECORD_SIZE`] says how they are counted). When it is
//! full, a new record takes the place of the least recently used of sixteen that are looked at, spread over the shard that the new one
//! falls into (the whole store, while it is bounded to fewer than 512 records or 512 KiB). An expired record goes first. The first time that a live one
//! has to go, the log says so: its user is logged out.
//!
//! On Linux a store of more than some 30,000 records asks for transparent huge pages, with which a load from a large store
//! takes a fifth less time. It needs none, and wastes little: a million small records take 267 bytes each.
//!
//! # Expiry
//!
//! A record whose `ttl` has passed is as good as gone, and its memory comes back when its key is next asked for, or with
//! [`sweep`](session_core::RecordStore::sweep). Nothing runs in the background unless the feature `tokio` is on and
//! `MemoryStore::sweep_every` is called.

mod bodies;
mod builder;
mod clock;
mod entries;
mod entry;
mod limits;
mod pages;
mod shard;
mod store;
#[cfg(feature = "tokio")]
mod sweeper;
mod table;

pub use builder::MemoryStoreBuilder;
pub use store::MemoryStore;
