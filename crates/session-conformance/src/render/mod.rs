//! Reports as text, JSON, and a page.

mod html;
mod text;

use std::fmt;

pub use html::html;
pub use text::text;

use crate::{Checked, Report, Verdict};

/// The reports as a JSON array, for programs.
pub fn json(reports: &[Report]) -> String {
    // Strings and numbers only, so that this cannot fail.
    let json = serde_json::to_string_pretty(reports).unwrap_or_default();
    format!("{json}\n")
}

/// As [`text`] shows it.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(std::slice::from_ref(self)))
    }
}

/// All checks of the reports, in order, each with its result in every report.
fn rows(reports: &[Report]) -> Vec<(&Checked, Vec<Option<&Checked>>)> {
    let mut all: Vec<&Checked> = Vec::new();
    for checked in reports.iter().flat_map(|report| &report.checks) {
        if !all.iter().any(|known| known.name == checked.name) {
            all.push(checked);
        }
    }
    all.into_iter()
        .map(|row| {
            let cells = reports
                .iter()
                .map(|report| report.checks.iter().find(|checked| checked.name == row.name));
            (row, cells.collect())
        })
        .collect()
}

/// How many checks passed, how many failed, and how many are declared impossible.
fn counts(report: &Report) -> (usize, usize, usize) {
    let mut counts = (0, 0, 0);
    for checked in &report.checks {
        match checked.verdict {
            Verdict::Passed { .. } => counts.0 += 1,
            Verdict::Failed(_) => counts.1 += 1,
            Verdict::Declared { .. } => counts.2 += 1,
        }
    }
    counts
}

/// What each subject declares that it cannot promise: why, and for how many checks.
fn declared(report: &Report) -> Vec<(&str, usize)> {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for checked in &report.checks {
        if let Verdict::Declared { why } = &checked.verdict {
            match reasons.iter_mut().find(|(known, _)| known == why) {
                Some((_, count)) => *count += 1,
                None => reasons.push((why, 1)),
            }
        }
    }
    reasons
}

#[cfg(test)]
mod tests;
