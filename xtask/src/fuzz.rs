//! `cargo xtask fuzz`: the targets in `fuzz/`, with cargo-fuzz, which it installs under `target`.

use std::path::Path;
use std::process::{Command, ExitCode};

use xtask::{Args, UsageError};

use crate::steps::{Steps, cargo, root};

/// The targets, and the longest input of each in bytes.
const TARGETS: &[(&str, u32)] = &[
    ("cookie_header", 1024),
    ("signed_cookie", 512),
    ("sealed_cookie", 1024),
    ("chunks", 1024),
    ("record", 4096),
    ("fs_record", 4096),
    ("urls", 512),
];

/// A fifth faster, and a peak of memory that is the target's: what was freed is kept for a shorter time than usual.
const ASAN: &str = "malloc_context_size=0:detect_stack_use_after_return=0:quarantine_size_mb=8:\
    thread_local_quarantine_size_kb=64";

pub(crate) fn run(args: Vec<String>) -> Result<ExitCode, UsageError> {
    let args = Args::parse(args, &["--runs"])?;
    let runs = args.option("--runs").unwrap_or("10000000");
    if runs.parse::<u64>().is_err() {
        return Err(UsageError(format!(
            "--runs takes a whole number, not {runs:?}"
        )));
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
    // cargo-fuzz runs in another directory.
    let root = std::path::absolute(root())
        .map_err(|error| UsageError(format!("cannot tell where this is: {error}")))?;
    let tools = root.join("target/tools");
    steps.run("cargo-fuzz: find or install it", || install(&tools));
    for (target, longest) in targets {
        steps.run(&format!("{target}: {runs} inputs"), || {
            fuzz(&root, &tools, target, runs, longest)
        });
    }
    Ok(steps.finish("nothing"))
}

fn install(tools: &Path) -> Result<(), String> {
    if tools.join("bin/cargo-fuzz").exists() {
        return Ok(());
    }
    let mut command = cargo(["install", "--quiet", "--locked", "cargo-fuzz", "--root"]);
    succeed(command.arg(tools))
}

fn fuzz(root: &Path, tools: &Path, target: &str, runs: &str, longest: u32) -> Result<(), String> {
    let fuzz = root.join("fuzz");
    let found = fuzz.join("target/corpus").join(target);
    std::fs::create_dir_all(&found).map_err(|error| error.to_string())?;
    let mut command = Command::new(tools.join("bin/cargo-fuzz"));
    command
        .current_dir(&fuzz)
        // The sanitizer is asked for by a flag that stable compilers keep to themselves.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("ASAN_OPTIONS", ASAN)
        .args(["run", "--fuzz-dir", ".", target])
        .arg(&found)
        .arg(fuzz.join("corpus").join(target))
        .args([
            "--",
            "-timeout=1",
            "-rss_limit_mb=1024",
            "-malloc_limit_mb=256",
        ])
        .arg(format!("-runs={runs}"))
        .arg(format!("-max_len={longest}"))
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
