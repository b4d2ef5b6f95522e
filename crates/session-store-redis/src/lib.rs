#![cfg_attr(doc, doc = include_str!("../README.md"))]
#![cfg_attr(
    not(doc),
    doc = "Session records in Redis: one server, Cluster, Sentinel."
)]

mod address;
mod builder;
mod clients;
mod command;
mod error;
mod kept;
mod redirected;
mod replicas;
mod running;
mod store;
#[cfg(feature = "tls")]
mod tls;
mod together;
mod version;

pub use builder::RedisStoreBuilder;
pub use clients::SharedClients;
pub use fred;
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
