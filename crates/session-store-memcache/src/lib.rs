#![doc = include_str!("../README.md")]

mod address;
mod builder;
mod command;
mod connection;
mod error;
mod expiry;
#[cfg(unix)]
mod ipv6;
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
    /// Parses any text as an address.
    pub fn parse(text: &str) {
        let _ = crate::address::Address::parse(text);
    }
}
