//! The command line.

use std::fs::File;
use std::process::ExitCode;

use xtask::{Args, UsageError, one_of};

use crate::{Case, Figures, GROUPS, Group, allocations, instructions, plot, processes, report};

const OPTIONS: &[&str] = &[
    "--backend",
    "--format",
    "--rounds",
    "--plot",
    "--case",
    "--group",
];
type Render = fn(&Figures) -> String;
const FORMATS: &[(&str, Render)] = &[("text", report::text), ("json", report::json)];

/// Runs what the arguments ask for, with these groups of peers beside our own.
pub fn main(peers: &[Group]) -> ExitCode {
    match run(peers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(peers: &[Group]) -> Result<(), UsageError> {
    let (flags, args): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|arg| arg == "--instructions");
    let args = Args::parse(args, OPTIONS)?;
    let groups: Vec<Group> = GROUPS.iter().chain(peers).copied().collect();
    if let Some(case) = args.option("--case") {
        return instructions::run_case(&groups, case, args.words());
    }
    args.no_words(OPTIONS)?;
    if !flags.is_empty() {
        return instructions::report(&groups);
    }
    let render = one_of(
        "--format",
        args.option("--format").unwrap_or("text"),
        FORMATS,
    )?;
    let rounds = match args.option("--rounds") {
        None => 50,
        Some(text) => text
            .parse()
            .ok()
            .filter(|rounds| (1..=10_000).contains(rounds))
            .ok_or_else(|| UsageError("--rounds takes a number from 1 to 10000".to_owned()))?,
    };
    if let Some(name) = args.option("--group") {
        let known = groups.iter().find(|group| group.name == name);
        let known = known.ok_or_else(|| UsageError(format!("unknown --group {name:?}")))?;
        processes::answer(known.name, cases(&groups, known.name), rounds);
        return Ok(());
    }
    let groups = chosen(&args, &groups)?;
    let plot = args.option("--plot");
    let unwritable = |error| UsageError(format!("--plot {}: {error}", plot.unwrap_or_default()));
    if let Some(path) = plot {
        // Told before anything is measured, and an earlier plot stays until there is another.
        let opened = File::options().append(true).create(true).open(path);
        opened.map_err(unwritable)?;
    }
    let mut figures = measured(&groups, rounds)?;
    let backends: Vec<&str> = groups.iter().map(|group| group.backend).collect();
    allocations::fill_in(&mut figures, &backends);
    print!("{}", render(&figures));
    if let Some(path) = plot {
        std::fs::write(path, plot::svg(&figures)).map_err(unwritable)?;
    }
    Ok(())
}

/// The groups of the backends that were asked for; all of them where none was.
fn chosen(args: &Args, groups: &[Group]) -> Result<Vec<Group>, UsageError> {
    let mut backends: Vec<(&str, &str)> = Vec::new();
    for group in groups {
        if !backends.contains(&(group.backend, group.backend)) {
            backends.push((group.backend, group.backend));
        }
    }
    let wanted = args.list("--backend", &backends)?;
    let is_wanted = |group: &&Group| wanted.is_empty() || wanted.contains(&group.backend);
    Ok(groups.iter().filter(is_wanted).copied().collect())
}

fn measured(groups: &[Group], rounds: usize) -> Result<Figures, UsageError> {
    let mut figures = Figures::default();
    let mut done: Vec<&str> = Vec::new();
    for group in groups {
        if done.contains(&group.name) {
            continue;
        }
        done.push(group.name);
        eprintln!("measuring: {}", group.name);
        let measured = processes::measure_group(group, rounds * group.rounds)?;
        figures.0.extend(measured);
    }
    Ok(figures)
}

/// All cases of the groups of this name.
fn cases(groups: &[Group], name: &str) -> Vec<Case> {
    let same = groups.iter().filter(|group| group.name == name);
    let mut cases: Vec<_> = same.flat_map(|group| (group.cases)()).collect();
    // Beside each other in the table, and in time: who is compared with whom.
    let mut order: Vec<String> = Vec::new();
    for case in &cases {
        if !order.contains(&case.scenario) {
            order.push(case.scenario.clone());
        }
    }
    cases.sort_by_key(|case| order.iter().position(|scenario| *scenario == case.scenario));
    cases
}
