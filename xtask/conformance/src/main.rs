//! `cargo xtask conformance`.

use std::process::ExitCode;

use xtask::{Args, UsageError, one_of};
use xtask_conformance::backend::{BACKENDS, Backend};
use xtask_conformance::report::Report;
use xtask_conformance::{html, json, suite, text};

type Render = fn(&Report) -> String;

const OPTIONS: &[&str] = &["--backend", "--check", "--format"];
const FORMATS: &[(&str, Render)] = &[
    ("text", text::render),
    ("json", json::render),
    ("html", html::render),
];

fn main() -> ExitCode {
    match run() {
        Ok(report) if report.failures().next().is_none() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("cargo xtask conformance: {why}");
            ExitCode::from(2)
        }
    }
}

/// Prints the report; an error says why there is none.
fn run() -> Result<Report, String> {
    let (backends, check, render) = read_args().map_err(|error| error.to_string())?;
    let mut report = Report::default();
    for backend in backends {
        eprintln!("checking {}", backend.name());
        report.columns.push(suite::run(backend, check.as_deref())?);
    }
    if report.checks().is_empty() {
        return Err(format!("no check is named {:?}", check.unwrap_or_default()));
    }
    print!("{}", render(&report));
    Ok(report)
}

fn read_args() -> Result<(Vec<Backend>, Option<String>, Render), UsageError> {
    let args = Args::parse(std::env::args().skip(1), OPTIONS)?;
    args.no_words(OPTIONS)?;
    let mut backends = args.list("--backend", BACKENDS)?;
    if backends.is_empty() {
        backends.extend(BACKENDS.iter().map(|(_, backend)| *backend));
    }
    let format = args.option("--format").unwrap_or("text");
    let render = one_of("--format", format, FORMATS)?;
    Ok((backends, args.option("--check").map(str::to_owned), render))
}
