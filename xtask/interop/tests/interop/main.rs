//! remix on one side, Rust on the other: the same sessions. What is shown here stands in `docs/remix.md`.
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
