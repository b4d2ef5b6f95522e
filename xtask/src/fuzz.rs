//! `cargo xtask fuzz`: runs the targets in `fuzz/` with cargo-fuzz, which it installs under
//! `target`.

use std::path::Path;
use std::process::{Command, ExitCode};

use xtask::{Args, UsageError};

use crate::steps::{Steps, cargo, root};

/// The targets, and the maximum length of their inputs in bytes.
const TARGETS: &[(&str, u32)] = &[
    ("cookie_header", 1024),
    ("signed_cookie", 512),
    ("sealed_cookie", 1024),
    ("chunks", 1024),
    ("record", 4096),
    ("fs_record", 4096),
    ("urls", 512),
];

/// A small quarantine for freed memory, so that the memory limit applies to what the target itself
/// uses.
const ASAN: &str = "malloc_context_size=0:detect_stack_use_after_return=0:quarantine_size_mb=8:\
    thread_local_quarantine_size_kb=64";

pub(crate) fn run(args: Vec<String>) -> Result<ExitCode, UsageError> {
    let args = Args::parse(args, &["--runs"])?;
    let runs = args.option("--runs").unwrap_or("10000000");
    if runs.parse::<u64>().is_err() {
        return Err(UsageError(format!("--runs takes a whole number, not {runs:?}")));
    }
    let valid: Vec<(&str, (&str, u32))> = TARGETS.iter().map(|t| (t.0, *t)).collect();
    let mut targets = Vec::new();
    for word in args.words() {
        targets.push(xtask::one_of("target", word, &valid)?);
    }
    if targets.is_empty() {
        targets = TARGETS.to_vec();
    }

    let mut steps = Steps::new();
    // cargo-fuzz runs in another directory, so the path must be absolute.
    let root = std::path::absolute(root())
        .map_err(|error| UsageError(format!("cannot find the workspace: {error}")))?;
    let tools = root.join("target/tools");
    steps.run("cargo-fuzz: find or install it", || install(&tools));
    for (target, max_len) in targets {
        steps.run(&format!("{target}: {runs} inputs"), || {
            fuzz(&root, &tools, target, runs, max_len)
        });
    }
    Ok(steps.summarize("nothing"))
}

fn install(tools: &Path) -> Result<(), String> {
    if tools.join("bin/cargo-fuzz").exists() {
        return Ok(());
    }
    let mut command = cargo(["install", "--quiet", "--locked", "cargo-fuzz", "--root"]);
    succeed(command.arg(tools))
}

fn fuzz(root: &Path, tools: &Path, target: &str, runs: &str, max_len: u32) -> Result<(), String> {
    let fuzz = root.join("fuzz");
    let corpus = fuzz.join("target/corpus").join(target);
    std::fs::create_dir_all(&corpus).map_err(|error| error.to_string())?;
    let mut command = Command::new(tools.join("bin/cargo-fuzz"));
    command
        .current_dir(&fuzz)
        // The sanitizer needs an unstable compiler flag.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("ASAN_OPTIONS", ASAN)
        .args(["run", "--fuzz-dir", ".", target])
        .arg(&corpus)
        .arg(fuzz.join("corpus").join(target))
        .args(["--", "-timeout=5", "-rss_limit_mb=1024", "-malloc_limit_mb=256"])
        .arg(format!("-runs={runs}"))
        .arg(format!("-max_len={max_len}"))
        .args(["-print_final_stats=1", "-print_funcs=0", "-verbosity=0"]);
    succeed(&mut command)
}

fn succeed(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(format!("cannot run it: {error}")),
    }
}
