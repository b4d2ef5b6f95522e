//! Instruction counts by callgrind: the same on a busy machine as on a quiet one.

use std::process::{Command, Stdio};

use xtask::UsageError;

use crate::{Case, Group};

/// The groups whose cases are counted: those that do not wait for anything.
const GROUPS: &[&str] = &["request", "cookie storage", "cookie"];

/// Counts the instructions of each case, in a process of its own under callgrind.
pub(crate) fn report(groups: &[Group]) -> Result<(), UsageError> {
    println!("{:<28} {:<24} {:>12}", "", "", "instructions");
    for group in groups.iter().filter(|group| GROUPS.contains(&group.name)) {
        for case in (group.cases)() {
            let name = format!("{}/{}/{}", group.name, case.scenario, case.subject);
            // The difference of two runs, so that setting up does not count.
            let (few, many) = (count(&name, 100)?, count(&name, 300)?);
            let each = many.saturating_sub(few) / 200;
            println!("{:<28} {:<24} {each:>12}", case.scenario, case.subject);
        }
    }
    Ok(())
}

/// Runs the case that `report` asks for in another process.
pub(crate) fn run_case(groups: &[Group], name: &str, words: &[String]) -> Result<(), UsageError> {
    let times = words
        .first()
        .and_then(|word| word.parse().ok())
        .unwrap_or(1);
    let (group, rest) = name.split_once('/').unwrap_or_default();
    let (scenario, subject) = rest.rsplit_once('/').unwrap_or_default();
    let of_group = groups.iter().filter(|known| known.name == group);
    let is_it = |case: &Case| case.scenario == scenario && case.subject == subject;
    let case = of_group.flat_map(|group| (group.cases)()).find(is_it);
    let Some(mut case) = case else {
        return Err(UsageError(format!(
            "unknown --case {name:?} (GROUP/SCENARIO/SUBJECT)"
        )));
    };
    (case.run)(times);
    Ok(())
}

fn count(case: &str, times: usize) -> Result<u64, UsageError> {
    let fail = |what: &str| UsageError(format!("callgrind: {what}; is valgrind installed?"));
    let exe = std::env::current_exe().map_err(|error| fail(&error.to_string()))?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(exe)
        .args(["--case", case, &times.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| fail(&error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    collected
        .and_then(|(_, number)| number.trim().parse().ok())
        .ok_or_else(|| fail(&text))
}
