//! A table for a terminal: subjects across, checks down.

use std::fmt::Write as _;

use super::{counts, declared, rows};
use crate::{Checked, Report, Verdict};

/// A table for a terminal, the failures in full, what is not promised, and the counts.
pub fn text(reports: &[Report]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, reports);
    out
}

fn write(out: &mut String, reports: &[Report]) -> std::fmt::Result {
    let rows = rows(reports);
    let widest = rows.iter().map(|(row, _)| row.name.len()).max();
    let widest = widest.unwrap_or(0);
    let widths: Vec<usize> = reports.iter().map(|report| report.subject.len().max(4)).collect();

    write!(out, "{:widest$}", "")?;
    for (report, width) in reports.iter().zip(&widths) {
        write!(out, "  {:width$}", report.subject)?;
    }
    let mut level = None;
    for (row, cells) in &rows {
        if level.replace(row.level) != Some(row.level) {
            writeln!(out)?;
        }
        write!(out, "{:widest$}", row.name)?;
        for (cell, width) in cells.iter().zip(&widths) {
            write!(out, "  {:width$}", mark(*cell))?;
        }
        // No padding at the end of a line.
        out.truncate(out.trim_end().len());
        writeln!(out)?;
    }
    for report in reports {
        for (checked, failure) in report.failures() {
            writeln!(out, "\n{}: {} FAILED", report.subject, checked.name)?;
            writeln!(out, "  {failure}")?;
            writeln!(out, "  without it: {}", checked.harm)?;
        }
    }
    writeln!(out)?;
    for report in reports {
        let (passed, failed, not_promised) = counts(report);
        let seconds = report.took.as_secs_f64();
        writeln!(
            out,
            "{}: {passed} passed, {failed} failed, {not_promised} not promised, {seconds:.1} s",
            report.subject
        )?;
        for checked in &report.checks {
            if let Verdict::Passed { remark: Some(remark) } = &checked.verdict {
                writeln!(out, "  {}: {remark}", checked.name)?;
            }
        }
        for (why, checks) in declared(report) {
            writeln!(out, "  not promised ({checks} checks): {why}")?;
        }
    }
    Ok(())
}

fn mark(cell: Option<&Checked>) -> &'static str {
    match cell.map(|checked| &checked.verdict) {
        Some(Verdict::Passed { .. }) => "ok",
        Some(Verdict::Failed(_)) => "FAIL",
        Some(Verdict::Declared { .. }) => "-",
        None => "",
    }
}
