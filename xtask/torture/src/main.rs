//! `cargo xtask torture`: checks the three promises under real faults.
//!
//! Several application servers, each a process of its own, keep the sessions of many clients in one
//! backend. Meanwhile servers are killed, connections are closed and disks fill up. The run records
//! every request and its answer, and a checker reads these histories afterwards.

mod apps;
mod backend;
mod check;
mod client;
mod faults;
mod history;
mod http;
mod proxy;
mod report;
mod run;
mod sabotage;
mod server;

use std::process::ExitCode;

use run::Options;
use server::Settings;
use xtask::{Args, UsageError};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let is_server = args.first().is_some_and(|first| first == "serve");
    let result = if is_server {
        args.remove(0);
        serve(args).await
    } else {
        torture(args).await
    };
    result.unwrap_or_else(|error| {
        eprintln!("torture: {error}");
        ExitCode::from(2)
    })
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn torture(args: Vec<String>) -> Result<ExitCode, Failure> {
    let valid = [
        "--backend",
        "--seconds",
        "--seed",
        "--fault",
        "--format",
        "--sabotage",
        "--replicas",
        "--skew",
    ];
    let args = Args::parse(args, &valid).map_err(usage)?;
    args.no_words(&[]).map_err(usage)?;
    let names: Vec<_> = backend::NAMES.iter().map(|name| (*name, *name)).collect();
    let mut backends = args.list("--backend", &names).map_err(usage)?;
    if backends.is_empty() {
        backends = backend::NAMES.to_vec();
    }
    let options = Options {
        seconds: number(&args, "--seconds", 20)?,
        seed: number(&args, "--seed", 1)?,
        faults: args.list("--fault", &faults::NAMES).map_err(usage)?,
        sabotage: args.option("--sabotage").map(str::to_owned),
        replicas: u32::try_from(number(&args, "--replicas", 0)?)?,
        skew: number(&args, "--skew", 59)?,
    };
    if let Some(name) = &options.sabotage
        && !sabotage::NAMES.contains(&name.as_str())
    {
        return Err(
            format!("unknown --sabotage {name:?} (valid: {})", sabotage::NAMES.join(", ")).into()
        );
    }
    let json = match args.option("--format") {
        None | Some("text") => false,
        Some("json") => true,
        Some(other) => return Err(format!("unknown --format {other:?} (valid: text, json)").into()),
    };
    let mut verdicts = Vec::new();
    for backend in backends {
        verdicts.push(run::run(backend, &options).await?);
    }
    println!("{}", if json { report::json(&verdicts) } else { report::text(&verdicts) });
    let clean = verdicts.iter().all(run::Verdict::clean);
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn serve(args: Vec<String>) -> Result<ExitCode, Failure> {
    let options = ["--store", "--port", "--sabotage", "--replicas", "--ahead"];
    let args = Args::parse(args, &options).map_err(usage)?;
    let settings = Settings {
        store: args.option("--store").unwrap_or_default().to_owned(),
        port: u16::try_from(number(&args, "--port", 0)?)?,
        replicas: u32::try_from(number(&args, "--replicas", 0)?)?,
        sabotage: args.option("--sabotage").map(str::to_owned),
        ahead: number(&args, "--ahead", 0)?,
    };
    server::serve(settings).await?;
    Ok(ExitCode::SUCCESS)
}

fn number(args: &Args, name: &str, default: u64) -> Result<u64, Failure> {
    args.option(name).map_or(Ok(default), |text| {
        text.parse().map_err(|_| format!("{name} takes a whole number, not {text:?}").into())
    })
}

fn usage(error: UsageError) -> Failure {
    error.to_string().into()
}
