//! `cargo xtask docs`: builds the API reference and the book, and checks the links in both.

use std::process::ExitCode;

use xtask::{Args, UsageError};

use crate::steps::Steps;

pub(crate) fn run(args: Vec<String>) -> Result<ExitCode, UsageError> {
    Args::parse(args, &[])?.no_words(&[])?;
    let mut steps = Steps::new();
    add_steps(&mut steps);
    Ok(steps.summarize("links to other sites"))
}

/// Warnings are errors in both.
pub(crate) fn add_steps(steps: &mut Steps) {
    let reference = ["doc", "--workspace", "--all-features", "--no-deps"];
    steps.cargo(&reference, &[("RUSTDOCFLAGS", "-D warnings")]);
    // A separate binary, because it depends on mdBook.
    steps.cargo(&["run", "--quiet", "--package", "xtask-docs"], &[]);
}
