//! Runs steps one after the other, and prints the result and the duration of each.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// Runs every step, even after one has failed, so that one run shows all problems.
#[derive(Debug)]
pub(crate) struct Steps {
    started: Instant,
    done: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    failure: Option<String>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), done: Vec::new() }
    }

    pub(crate) fn run(&mut self, name: &str, work: impl FnOnce() -> Result<(), String>) {
        println!("==> {name}");
        let started = Instant::now();
        let failure = work().err();
        let took = started.elapsed();
        match &failure {
            None => println!("    ok, {:.1} s: {name}", took.as_secs_f64()),
            Some(why) => println!("    FAILED, {:.1} s: {name}: {why}", took.as_secs_f64()),
        }
        self.done.push(Step { name: name.to_owned(), took, failure });
    }

    /// Runs a cargo command as a step.
    pub(crate) fn cargo(&mut self, args: &[&str], env: &[(&str, &str)]) {
        let env_shown: String = env.iter().map(|(k, v)| format!("{k}={v:?} ")).collect();
        let shown = format!("{env_shown}cargo {}", args.join(" "));
        self.run(&shown, || {
            let status = cargo(args).envs(env.iter().copied()).status();
            match status {
                Ok(status) if status.success() => Ok(()),
                Ok(status) => Err(status.to_string()),
                Err(error) => Err(format!("cannot run cargo: {error}")),
            }
        });
    }

    /// Prints a summary. The last line says what was `skipped`.
    pub(crate) fn summarize(self, skipped: &str) -> ExitCode {
        println!("\nsummary");
        for step in &self.done {
            let result = match step.failure {
                None => "ok    ",
                Some(_) => "FAILED",
            };
            println!("  {result} {:7.1} s  {}", step.took.as_secs_f64(), step.name);
        }
        let failed = self.done.iter().filter(|step| step.failure.is_some()).count();
        let total = self.started.elapsed().as_secs_f64();
        println!("{} steps, {failed} failed, {total:.0} s; skipped: {skipped}", self.done.len());
        match failed {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }
}

/// A cargo command at the root of the workspace, with the cargo that started this process.
pub(crate) fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args);
    command.current_dir(root());
    command
}

/// The workspace's directory.
pub(crate) fn root() -> PathBuf {
    // `cargo run` sets it. Without it, the user started the binary, and must be in the root.
    match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(xtask) => PathBuf::from(xtask).join(".."),
        None => PathBuf::from("."),
    }
}
