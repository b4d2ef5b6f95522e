//! Subcommands that run separate binaries, because they need dependencies that xtask itself does
//! not.

use std::process::ExitCode;

use xtask::{Args, UsageError};

use crate::steps::cargo;

pub(crate) fn conformance(args: Vec<String>) -> Result<ExitCode, UsageError> {
    run(&["--package", "xtask-conformance"], args)
}

pub(crate) fn torture(args: Vec<String>) -> Result<ExitCode, UsageError> {
    run(&["--package", "xtask-torture"], args)
}

/// Runs a separate workspace, so that no other build compiles the libraries that it compares.
pub(crate) fn compare(args: Vec<String>) -> Result<ExitCode, UsageError> {
    Args::parse(args, &[])?.no_words(&[])?;
    let target = ["--target-dir", "target/compare"];
    let package = ["--manifest-path", "xtask/compare/Cargo.toml"];
    run(&[target, package].concat(), Vec::new())
}

/// With `--peers`, runs a separate workspace, so that no other build compiles the peers.
pub(crate) fn bench(args: Vec<String>) -> Result<ExitCode, UsageError> {
    let (peers, args): (Vec<String>, Vec<String>) =
        args.into_iter().partition(|arg| arg == "--peers");
    let package: &[&str] = match peers.is_empty() {
        true => &["--package", "xtask-bench"],
        false => &["--manifest-path", "xtask/bench/peers/Cargo.toml"],
    };
    // With more units, a change in one place changes what the compiler inlines in others.
    let release = ["--release", "--config", "profile.release.codegen-units=1"];
    let target = ["--target-dir", "target/bench"];
    run(&[&release, &target[..], package].concat(), args)
}

/// Passes the arguments to the binary, and returns its exit code.
fn run(package: &[&str], args: Vec<String>) -> Result<ExitCode, UsageError> {
    let status = cargo(["run", "--quiet"]).args(package).arg("--").args(args).status();
    Ok(match status.map(|status| status.code()) {
        Ok(Some(code)) => ExitCode::from(u8::try_from(code).unwrap_or(2)),
        // It was killed by a signal, or could not start.
        Ok(None) | Err(_) => ExitCode::from(2),
    })
}
