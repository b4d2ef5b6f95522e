//! Subcommands that are binaries of their own, because they need crates that the rest of xtask does not.

use std::process::ExitCode;

use xtask::{Args, UsageError};

use crate::steps::cargo;

pub(crate) fn conformance(args: Vec<String>) -> Result<ExitCode, UsageError> {
    run(&["--package", "xtask-conformance"], args)
}

pub(crate) fn torture(args: Vec<String>) -> Result<ExitCode, UsageError> {
    run(&["--package", "xtask-torture"], args)
}

/// A workspace of its own, so that nothing else compiles the others.
pub(crate) fn compare(args: Vec<String>) -> Result<ExitCode, UsageError> {
    Args::parse(args, &[])?.no_words(&[])?;
    let target = ["--target-dir", "target/compare"];
    let package = ["--manifest-path", "xtask/compare/Cargo.toml"];
    run(&[target, package].concat(), Vec::new())
}

/// With `--peers`, the binary of a workspace of its own, so that nothing else compiles them.
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
