//! Against real servers, which `session-servers` starts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod access;
mod cancellation;
mod cluster;
mod connecting;
mod load;
mod outage;
mod proxy;
mod replicas;
mod sentinel;
mod single;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod together;
