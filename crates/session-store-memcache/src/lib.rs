#![cfg_attr(doc, doc = include_str!("../README.md"))]
#![cfg_attr(
    not(doc),
    doc = "Session records in memcached: pooled, several servers, safe under cancellation."
)]

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

/// What the fuzzer calls; see `fuzz` in the repository.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    /// Reads an address, whatever it is.
    pub fn parse(text: &str) {
        let _ = crate::address::Address::parse(text);
    }
}
