#![doc = include_str!("../README.md")]
// A bench that cannot be set up has nothing to report: it ends with a panic that says why.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

mod allocations;
mod app;
mod case;
mod cli;
mod cores;
mod figure;
mod groups;
mod instructions;
mod loopback;
mod measure;
mod plot;
mod processes;
mod report;
mod target;
mod wire;

pub use allocations::{Counter, allocations, count_main};
pub use app::{App, IN_FLIGHT, Random, THREE, Value, answer, fifty, in_flight, runtime};
pub use case::{Case, Group};
pub use cli::main;
pub use cores::Cores;
pub use figure::{Figure, Figures};
pub use groups::{GROUPS, HTTP, HTTP_STORED, REDIS, SIZES, bare, growing, ours, resident};
pub use loopback::loopback;
use measure::measure;
pub use wire::Wire;
