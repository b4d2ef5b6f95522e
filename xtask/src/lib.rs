//! What the binaries under `xtask/` share: reading a command line.

mod args;

pub use args::{Args, UsageError, one_of};
