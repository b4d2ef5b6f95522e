//! Session records in memcached: pooled, spread over several servers, safe when a request is cancelled.
//!
//! [`MemcacheStore`] keeps records where they are fast to reach and may be dropped at any time: memcached evicts the records
//! that were not used for longest when its memory is full, and forgets all of them when it restarts. Each loss logs a user
//! out. `docs/memcache.md` in the repository says when that is a good trade, and how to size the servers so that it is rare.
//!
//! ```no_run
//! use session_store_memcache::MemcacheStore;
//!
//! # async fn example() -> Result<(), session_core::StoreError> {
//! let store = MemcacheStore::connect(["10.0.0.1:11211", "10.0.0.2:11211"]).await?;
//! # let _ = store;
//! # Ok(())
//! # }
//! ```
//!
//! It needs memcached 1.6.10 or newer (the meta commands as they stand since then); 1.6.18 is what it is tested on.

mod address;
mod builder;
mod command;
mod connection;
mod error;
mod expiry;
mod placement;
mod server;
mod settings;
mod store;

pub use builder::MemcacheStoreBuilder;
pub use store::MemcacheStore;
