//! The report as a table for a terminal.

use std::fmt::Write as _;

use crate::report::Report;

/// Backends across, checks down; then every failure in full, and one line with the figures.
pub fn render(report: &Report) -> String {
    let checks = report.checks();
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or(0);
    let mut out = format!("{:width$}", "check");
    // Writing to a String cannot fail.
    for column in &report.columns {
        let _ = write!(out, "  {:>6}", column.backend);
    }
    out.push('\n');
    for check in checks {
        let _ = write!(out, "{:width$}", check.name);
        for column in &report.columns {
            let word = column
                .check(&check.name)
                .map_or("-", |check| check.verdict.word());
            let cell = column.backend.len().max(6);
            let _ = write!(out, "  {word:>cell$}");
        }
        out.push('\n');
    }
    for (backend, check) in report.failures() {
        let detail = check.verdict.detail().unwrap_or_default();
        let (name, meaning) = (&check.name, &check.meaning);
        let _ = write!(out, "\n{backend} failed {name}: {meaning}\n{detail}\n");
    }
    let _ = write!(out, "\n{}\n", report.summary());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_table_then_the_failures() {
        let expected = "\
check        memory  cookie
record/put       ok       -
overlap/set  FAILED     n/a
cookie/size       -      ok

memory failed overlap/set: a user loses <overlap/set>
A: load
B: put -> \"1\" & not 2

4 checks on 2 backends, 1 failed
";
        assert_eq!(render(&sample()), expected);
    }
}
