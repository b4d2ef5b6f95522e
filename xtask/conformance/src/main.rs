#![doc = include_str!("../README.md")]

mod backend;
mod progress;

use std::process::ExitCode;
use std::sync::Arc;

use session_conformance::{Check, Report, checks, html, json, run_checks, text};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use xtask::{Args, UsageError, one_of};

use crate::backend::{BACKENDS, Start};
use crate::progress::Progress;

type Render = fn(&[Report]) -> String;

const OPTIONS: &[&str] = &["--backend", "--check", "--format"];
const FORMATS: &[(&str, Render)] = &[("text", text), ("json", json), ("html", html)];

/// How many backends are checked at the same time: while one waits for a server, another uses the
/// processor.
const AT_ONCE: usize = 2;

struct Plan {
    backends: Vec<(&'static str, Start)>,
    checks: Vec<&'static Check>,
    render: Render,
}

fn main() -> ExitCode {
    let ended =
        plan().map_err(|error| error.to_string()).and_then(|plan| Ok((plan.render, run(plan)?)));
    match ended {
        Ok((render, reports)) => {
            print!("{}", render(&reports));
            match reports.iter().all(Report::passed) {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }
        }
        Err(why) => {
            eprintln!("cargo xtask conformance: {why}");
            ExitCode::from(2)
        }
    }
}

/// What the arguments ask for.
fn plan() -> Result<Plan, UsageError> {
    let args = Args::parse(std::env::args().skip(1), OPTIONS)?;
    args.no_words(OPTIONS)?;
    let named: Vec<(&str, (&'static str, Start))> =
        BACKENDS.iter().map(|&(name, start)| (name, (name, start))).collect();
    let mut backends = args.list("--backend", &named)?;
    if backends.is_empty() {
        backends.extend(BACKENDS);
    }
    let part = args.option("--check").unwrap_or_default();
    let chosen: Vec<&Check> = checks().filter(|check| check.name.contains(part)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = checks().map(|check| check.name).collect();
        let names = names.join(", ");
        return Err(UsageError(format!("no check's name contains {part:?} (valid: {names})")));
    }
    let format = args.option("--format").unwrap_or("text");
    Ok(Plan { backends, checks: chosen, render: one_of("--format", format, FORMATS)? })
}

/// Runs every check on every backend; the reports come in the order in which the backends were
/// named.
///
/// # Errors
///
/// Why a backend could not be checked.
fn run(plan: Plan) -> Result<Vec<Report>, String> {
    let runtime = Runtime::new().map_err(|error| format!("no runtime: {error}"))?;
    let progress = Arc::new(Progress::new(plan.backends.len() * plan.checks.len()));
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let running: Vec<_> = plan
        .backends
        .iter()
        .map(|&(name, start)| {
            let (progress, turns) = (Arc::clone(&progress), Arc::clone(&turns));
            let checks = plan.checks.clone();
            runtime.spawn(async move {
                let _turn = turns.acquire().await;
                check(name, start, checks, &progress).await
            })
        })
        .collect();
    runtime.block_on(async {
        let mut reports = Vec::new();
        for one in running {
            reports.push(one.await.map_err(|error| error.to_string())??);
        }
        Ok(reports)
    })
}

async fn check(
    name: &str,
    start: Start,
    checks: Vec<&'static Check>,
    progress: &Progress,
) -> Result<Report, String> {
    let starting = spawn_blocking(start).await.map_err(|error| error.to_string());
    let subject = starting?.map_err(|error| format!("{name}: {error}"))?;
    progress.say(&format!("{name}: started"));
    let each = |checked: &_| progress.checked(name, checked);
    let report = run_checks(subject.named(name), checks, each).await;
    progress.ended(&report);
    Ok(report)
}
