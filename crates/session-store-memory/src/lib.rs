//! Keeps session records in the memory of one process: sharded, bounded, expiring.
//!
//! Use it in tests, in development, and on a single server where a restart may log everybody out.
//! Several servers, or sessions that survive a restart, need another store.
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
//! [`max_bytes`](MemoryStoreBuilder::max_bytes) of memory. Each record counts for the length of its
//! body and [`MemoryStore::RECORD_SIZE`]. While several threads write, each of them may exceed the
//! bounds by the record that it writes.
//!
//! # Eviction
//!
//! A write to a full store evicts other records. It compares sixteen records of a shard, and evicts
//! an expired one or else the least recently used. This is close to evicting the least recently
//! used record of the whole store, and takes equally long in a store of any size. The record just
//! written is never evicted.
//!
//! An evicted session is gone, and its user is logged out. The first time that this happens, the
//! log says so.
//!
//! # Expiry
//!
//! An expired record is never returned. It is removed when its key is next used, or by
//! [`sweep`](session_core::RecordStore::sweep). Nothing runs in the background, unless you turn on
//! the feature `tokio` and call `MemoryStore::sweep_every`.

mod builder;
mod clock;
mod limits;
mod shard;
mod store;
#[cfg(feature = "tokio")]
mod sweeper;

pub use builder::MemoryStoreBuilder;
pub use store::MemoryStore;
