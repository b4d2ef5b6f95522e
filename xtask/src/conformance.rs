//! `cargo xtask conformance`: a binary of its own, because it needs every store.

use std::process::ExitCode;

use xtask::UsageError;

use crate::steps::cargo;

/// Its arguments and its exit code are the binary's own.
pub(crate) fn run(args: Vec<String>) -> Result<ExitCode, UsageError> {
    let status = cargo(["run", "--quiet", "--package", "xtask-conformance", "--"])
        .args(args)
        .status();
    Ok(match status.map(|status| status.code()) {
        Ok(Some(code)) => ExitCode::from(u8::try_from(code).unwrap_or(2)),
        // Ended by a signal, or never started.
        Ok(None) | Err(_) => ExitCode::from(2),
    })
}
