//! Command-line parsing, shared by the binaries under `xtask/`.

mod args;

pub use args::{Args, UsageError, one_of};
