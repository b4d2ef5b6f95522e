//! Subcommands that are binaries of their own, because they need crates that the rest of xtask does not.

use std::process::ExitCode;

use xtask::UsageError;

use crate::steps::cargo;

pub(crate) fn conformance(args: Vec<String>) -> Result<ExitCode, UsageError> {
    run(&["--package", "xtask-conformance"], args)
}

pub(crate) fn torture(args: Vec<String>) -> Result<ExitCode, UsageError> {
    run(&["--package", "xtask-torture"], args)
}

/// The arguments and the exit code are the binary's own.
fn run(package: &[&str], args: Vec<String>) -> Result<ExitCode, UsageError> {
    let status = cargo(["run", "--quiet"])
        .args(package)
        .arg("--")
        .args(args)
        .status();
    Ok(match status.map(|status| status.code()) {
        Ok(Some(code)) => ExitCode::from(u8::try_from(code).unwrap_or(2)),
        // Ended by a signal, or never started.
        Ok(None) | Err(_) => ExitCode::from(2),
    })
}
