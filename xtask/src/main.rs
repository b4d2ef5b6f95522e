//! What contributors and CI run: `cargo xtask --help`.

mod delegate;
mod docs;
mod fuzz;
mod servers;
mod steps;
mod test;

use std::process::ExitCode;

use xtask::{UsageError, one_of};

const HELP: &str = "\
What contributors and CI run.

cargo xtask test [--skip redis,valkey,memcache,chromium]
    Everything that must pass: format, clippy, all tests on real servers, docs, each feature alone.
    --skip leaves out the tests that need a program, and the last line says so.

cargo xtask docs
    Builds the API reference and the book (target/doc, target/book), and checks every link that stays in the project.

cargo xtask servers NAME...
    Starts servers on free loopback ports with throw-away data, prints their URLs, and stops them with itself.
    NAME: redis, redis-cluster, redis-sentinel, memcache [N]; valkey, valkey-cluster, valkey-sentinel

cargo xtask conformance [--backend a,b] [--check NAME] [--format text|json|html]
    Runs the conformance checks and prints a table: backends across, checks down.
    Exit code 1 where a check failed, 2 where it could not run.

cargo xtask torture [--backend a,b] [--seconds N] [--seed N] [--fault a,b] [--format text|json]
    Many clients against three application servers, while servers are killed, connections cut and disks filled; then a checker
    reads what was answered. Exit code 1 where a promise was broken, 2 where it could not run.
    --replicas N: saves on Cluster and Sentinel wait for N replicas. --sabotage cas|tombstone: leaves a rule out, to see it caught.

cargo xtask bench [--peers] [--backend a,b] [--rounds N] [--format text|json]
                  [--plot FILE] [--page FILE]
    Measures what a session costs. With --peers, compares that with other libraries and with our
    targets. --plot draws the ratios. --page replaces the table of docs/performance.md.

cargo xtask compare
    What overlapping requests lose, with this library and with others: the README's table. It builds the others first.

cargo xtask fuzz [TARGET...] [--runs N]
    Feeds N inputs (10 million) to each target in fuzz/, or to those named.

Missing server programs are installed with apt-get, as root or with passwordless sudo; Valkey with pip, for the user alone.
";

/// One subcommand, with the arguments after its name.
type Subcommand = fn(Vec<String>) -> Result<ExitCode, UsageError>;

const SUBCOMMANDS: &[(&str, Subcommand)] = &[
    ("test", test::run),
    ("docs", docs::run),
    ("servers", servers::run),
    ("conformance", delegate::conformance),
    ("torture", delegate::torture),
    ("bench", delegate::bench),
    ("compare", delegate::compare),
    ("fuzz", fuzz::run),
];

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    if args.is_empty()
        || args
            .iter()
            .any(|arg| matches!(arg.as_str(), "-h" | "--help"))
    {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let name = args.remove(0);
    one_of("subcommand", &name, SUBCOMMANDS)
        .and_then(|subcommand| subcommand(args))
        .unwrap_or_else(|error| {
            eprintln!("cargo xtask: {error}");
            ExitCode::from(2)
        })
}
