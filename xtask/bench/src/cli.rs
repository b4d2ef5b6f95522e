//! The command line.

use std::fmt;
use std::fs::{self, File};
use std::process::ExitCode;

use xtask::{Args, UsageError, one_of};

use crate::figure::Figures;
use crate::groups::GROUPS;
use crate::{Case, Group, plot, processes, report};

/// `--group` is for processes that the bench starts itself.
const OPTIONS: &[&str] = &["--backend", "--format", "--rounds", "--plot", "--page", "--group"];
type Render = fn(&Figures) -> String;
const FORMATS: &[(&str, Render)] = &[("text", report::text), ("json", report::json)];

/// Measures what the command line asks for, with these groups of peers beside ours.
pub fn main(peers: &[Group]) -> ExitCode {
    let groups = [GROUPS, peers].concat();
    match run(std::env::args().skip(1), &groups) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(args: impl IntoIterator<Item = String>, groups: &[Group]) -> Result<(), UsageError> {
    let args = Args::parse(args, OPTIONS)?;
    args.no_words(OPTIONS)?;
    let rounds = rounds(&args)?;
    if let Some(name) = args.option("--group") {
        processes::answer(name, cases(groups, name), rounds);
        return Ok(());
    }
    let format = args.option("--format").unwrap_or("text");
    let render = one_of("--format", format, FORMATS)?;
    let names = chosen(&args, groups)?;
    let (plot, page) = (args.option("--plot"), args.option("--page"));
    // Both files are checked before anything is measured.
    if let Some(path) = plot {
        let opened = File::options().append(true).create(true).open(path);
        opened.map_err(|error| file_error(path, error))?;
    }
    if let Some(path) = page {
        new_page(path, &Figures::default())?;
    }
    let mut figures = Figures::default();
    for name in names {
        processes::measure_group(name, rounds, &mut figures)?;
    }
    print!("{}", render(&figures));
    if let Some(path) = plot {
        fs::write(path, plot::svg(&figures)).map_err(|error| file_error(path, error))?;
    }
    if let Some(path) = page {
        let text = new_page(path, &figures)?;
        fs::write(path, text).map_err(|error| file_error(path, error))?;
    }
    Ok(())
}

fn new_page(path: &str, figures: &Figures) -> Result<String, UsageError> {
    let text = fs::read_to_string(path).map_err(|error| file_error(path, error))?;
    let text = report::with_table(&text, &report::table(figures));
    text.ok_or_else(|| file_error(path, "needs <!-- table --> and <!-- end of table -->"))
}

fn file_error(path: &str, error: impl fmt::Display) -> UsageError {
    UsageError(format!("{path}: {error}"))
}

fn rounds(args: &Args) -> Result<usize, UsageError> {
    let rounds = args.option("--rounds").unwrap_or("50").parse().ok();
    let rounds = rounds.filter(|rounds| (1..=10_000).contains(rounds));
    rounds.ok_or_else(|| UsageError("--rounds takes a number from 1 to 10000".to_owned()))
}

/// The names of the groups to measure: those of the given backends, or all.
fn chosen(args: &Args, groups: &[Group]) -> Result<Vec<&'static str>, UsageError> {
    let mut backends: Vec<(&str, &str)> = Vec::new();
    for group in groups {
        if !backends.contains(&(group.backend, group.backend)) {
            backends.push((group.backend, group.backend));
        }
    }
    let wanted = args.list("--backend", &backends)?;
    let mut names = Vec::new();
    for group in groups {
        let is_wanted = wanted.is_empty() || wanted.contains(&group.backend);
        if is_wanted && !names.contains(&group.name) {
            names.push(group.name);
        }
    }
    Ok(names)
}

/// All cases of the groups of this name. Those of one scenario follow each other, because they are
/// compared.
fn cases(groups: &[Group], name: &str) -> Vec<Case> {
    let same = groups.iter().filter(|group| group.name == name);
    let mut cases: Vec<Case> = same.flat_map(|group| (group.cases)()).collect();
    let order: Vec<String> = cases.iter().map(|case| case.scenario.clone()).collect();
    cases.sort_by_key(|case| order.iter().position(|scenario| *scenario == case.scenario));
    cases
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: &str) -> String {
        let args = line.split_whitespace().map(str::to_owned);
        run(args, GROUPS).unwrap_err().0
    }

    #[test]
    fn an_error_names_the_argument_and_comes_before_anything_is_measured() {
        assert_eq!(error("--rounds 0"), "--rounds takes a number from 1 to 10000");
        assert_eq!(error("--rounds many"), "--rounds takes a number from 1 to 10000");
        assert!(error("--format xml").contains("(valid: text, json)"));
        assert!(
            error("--backend sqlite").starts_with("unknown --backend \"sqlite\" (valid: memory,")
        );
        assert!(error("now").starts_with("unknown argument \"now\""));
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        assert!(
            error(&format!("--page {page}"))
                .ends_with("needs <!-- table --> and <!-- end of table -->")
        );
        assert!(error("--page /nowhere.md").starts_with("/nowhere.md: "));
        assert!(error("--plot /nowhere/plot.svg").starts_with("/nowhere/plot.svg: "));
    }

    #[test]
    fn a_backend_chooses_its_groups_once() {
        let args = ["--backend".to_owned(), "cookie".to_owned()];
        let args = Args::parse(args, OPTIONS).unwrap();
        let twice = [GROUPS, GROUPS].concat();
        let names = chosen(&args, &twice).unwrap();
        assert_eq!(names, [crate::COOKIE_STORAGE, crate::COOKIE_VALUES]);
    }

    #[test]
    fn cases_of_one_scenario_follow_each_other() {
        let cases_of = || {
            let case = |scenario, subject| Case::counted(scenario, subject, 1.0, "bytes");
            vec![case("b", "ours"), case("a", "ours"), case("b", "peer")]
        };
        let groups = [Group::new("group", "backend", cases_of)];
        let cases = cases(&groups, "group");
        let scenarios: Vec<&str> = cases.iter().map(|case| case.scenario.as_str()).collect();
        assert_eq!(scenarios, ["b", "b", "a"]);
    }
}
