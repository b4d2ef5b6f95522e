//! Steps that run one after the other, each with a line that says how it ended and how long it took.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// Runs every step, also after one failed, so that one run shows all that is wrong.
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
        Self {
            started: Instant::now(),
            done: Vec::new(),
        }
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
        self.done.push(Step {
            name: name.to_owned(),
            took,
            failure,
        });
    }

    /// A cargo command, with its output as it comes.
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

    /// Prints every step, and what was `skipped` in the last line.
    pub(crate) fn finish(self, skipped: &str) -> ExitCode {
        println!("\nsummary");
        for step in &self.done {
            let end = match step.failure {
                None => "ok    ",
                Some(_) => "FAILED",
            };
            println!("  {end} {:7.1} s  {}", step.took.as_secs_f64(), step.name);
        }
        let failed = self
            .done
            .iter()
            .filter(|step| step.failure.is_some())
            .count();
        let total = self.started.elapsed().as_secs_f64();
        println!(
            "{} steps, {failed} failed, {total:.0} s; skipped: {skipped}",
            self.done.len()
        );
        match failed {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }
}

/// The cargo that runs us, at the root of the workspace.
pub(crate) fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args);
    command.current_dir(root());
    command
}

/// The workspace's directory.
pub(crate) fn root() -> PathBuf {
    // Set by `cargo run`; without it, we were started by hand, and from where we should be.
    match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(xtask) => PathBuf::from(xtask).join(".."),
        None => PathBuf::from("."),
    }
}
