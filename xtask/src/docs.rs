//! `cargo xtask docs`: the API reference, the book, and the links in both.

use std::process::ExitCode;

use xtask::{Args, UsageError};

use crate::steps::Steps;

pub(crate) fn run(args: Vec<String>) -> Result<ExitCode, UsageError> {
    Args::parse(args, &[])?.no_words(&[])?;
    let mut steps = Steps::new();
    add_steps(&mut steps);
    Ok(steps.finish("links to other sites"))
}

/// No warning is allowed in either.
pub(crate) fn add_steps(steps: &mut Steps) {
    let reference = ["doc", "--workspace", "--all-features", "--no-deps"];
    steps.cargo(&reference, &[("RUSTDOCFLAGS", "-D warnings")]);
    // A binary of its own, because of mdBook.
    steps.cargo(&["run", "--quiet", "--package", "xtask-docs"], &[]);
}
