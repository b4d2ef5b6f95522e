//! Each group runs in processes of its own, one after the other.
//!
//! What one group leaves in the heap must not slow down the next. Several processes, because where
//! code and data happen to lie in memory is the same for all rounds of one process, and changes the
//! figures by a few percent.

use std::process::{Command, Stdio};

use xtask::UsageError;

use crate::Case;
use crate::figure::{Figure, Figures};
use crate::measure::measure;

const PROCESSES: usize = 5;

/// Measures a group in other processes, and adds its figures.
pub(crate) fn measure_group(
    group: &str,
    rounds: usize,
    figures: &mut Figures,
) -> Result<(), UsageError> {
    eprintln!("measuring: {group}");
    let processes = PROCESSES.min(rounds);
    for _ in 0..processes {
        let measured = run(group, rounds.div_ceil(processes))
            .map_err(|error| UsageError(format!("the process that measures {group}: {error}")))?;
        measured.into_iter().for_each(|figure| figures.add(figure));
    }
    Ok(())
}

fn run(group: &str, rounds: usize) -> std::io::Result<Vec<Figure>> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--group", group, "--rounds", &rounds.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(std::io::Error::other(output.status.to_string()));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Measures a group for the process that started this one.
pub(crate) fn answer(group: &str, cases: Vec<Case>, rounds: usize) {
    println!("{}", serde_json::json!(measure(group, cases, rounds)));
}
