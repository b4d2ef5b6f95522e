//! Runs the bookstore example as its own process, and visits it over HTTP.
#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod client;
mod server;
mod start;
mod visit;
