#![doc = include_str!("../README.md")]
// A bench that cannot be set up has nothing to report: it ends with a panic that says why.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod app;
mod case;
mod cli;
pub mod cores;
mod figure;
mod groups;
mod loopback;
mod measure;
mod plot;
mod processes;
mod report;
mod stats;
mod target;

pub use app::{App, THREE, VISITS, Value, Visit, answer, runtime};
pub use case::{Case, Group};
pub use cli::main;
pub use groups::{
    COMMANDS, COOKIE_STORAGE, COOKIE_VALUES, MEMORY_STORE, REDIS, REQUESTS, SIZES, VALKEY,
    commands, in_flight, million, valkey,
};
