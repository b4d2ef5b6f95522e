//! remix and Rust share sessions. `docs/remix.md` documents the results of these tests.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod cookies;
mod deadlines;
mod endings;
mod flash;
mod ids;
mod known;
mod npm;
mod overlaps;
mod remix;
mod remix_alone;
mod site;
mod values;
