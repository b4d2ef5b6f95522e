#![cfg_attr(doc, doc = include_str!("../README.md"))]
#![cfg_attr(not(doc), doc = "Session records in Redis or Valkey: one server, Cluster, Sentinel.")]

mod address;
mod batcher;
mod builder;
mod client_task;
mod command;
mod connection;
mod error;
mod managed;
mod native;
mod pool;
mod probe;
mod redirect;
mod replicas;
mod store;
#[cfg(feature = "tls")]
mod tls;
mod url;

pub use builder::RedisStoreBuilder;
pub use fred;
pub use pool::SharedClients;
pub use store::RedisStore;

/// What the fuzzer calls; see `fuzz` in the repository.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    /// Reads an address, whatever it is.
    pub fn parse(text: &str) {
        let _ = crate::address::parse(text);
    }
}
