//! Each group has a process of its own, or several, one after the other: what others left in the heap counts for none.

use std::process::{Command, Stdio};

use xtask::UsageError;

use crate::{Case, Figure, Group, measure};

/// What a process tells the one that started it of each case: scenario, subject, unit, samples.
type Told = Vec<(String, String, String, Vec<f64>)>;

/// Measures a group in as many processes as it asks for. The rounds of one follow those of the one before.
pub(crate) fn measure_group(group: &Group, rounds: usize) -> Result<Vec<Figure>, UsageError> {
    let mut figures: Vec<Figure> = Vec::new();
    for _ in 0..group.processes {
        for (scenario, subject, unit, samples) in ask(group.name, rounds)? {
            let mut all = figures.iter_mut();
            match all.find(|figure| figure.is(group.name, &scenario, &subject)) {
                Some(figure) => figure.samples.extend(samples),
                None => figures.push(Figure {
                    group: group.name,
                    scenario,
                    subject,
                    unit,
                    samples,
                    allocations: None,
                    bytes: None,
                }),
            }
        }
    }
    Ok(figures)
}

fn ask(group: &str, rounds: usize) -> Result<Told, UsageError> {
    let fail = |what: &str| UsageError(format!("a process that measures {group}: {what}"));
    let exe = std::env::current_exe().map_err(|error| fail(&error.to_string()))?;
    let output = Command::new(exe)
        .args(["--group", group, "--rounds", &rounds.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| fail(&error.to_string()))?;
    if !output.status.success() {
        return Err(fail(&output.status.to_string()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| fail(&error.to_string()))
}

/// Measures a group for `ask` in another process.
pub(crate) fn answer(name: &'static str, cases: Vec<Case>, rounds: usize) {
    let told: Told = measure(name, cases, rounds)
        .into_iter()
        .map(|figure| (figure.scenario, figure.subject, figure.unit, figure.samples))
        .collect();
    println!("{}", serde_json::json!(told));
}
