#![doc = include_str!("../README.md")]

mod check;
mod context;
#[cfg(feature = "engine")]
pub mod explore;
#[cfg(not(feature = "engine"))]
#[allow(unreachable_pub)]
mod explore;
mod failure;
mod fault;
#[cfg(feature = "engine")]
mod faulty;
#[cfg(feature = "http")]
mod http;
mod overlap;
mod record;
mod recorder;
mod render;
mod report;
mod run;
#[cfg(feature = "engine")]
mod session;
mod subject;
mod suite;
mod trace;

pub use check::{Check, Level, Promise, checks};
pub use failure::Failure;
pub use render::{html, json, text};
pub use report::{Checked, Report, Verdict};
pub use run::{run, run_checks};
pub use subject::{Fixture, Subject};
#[doc(hidden)]
pub use suite::test as __test;
