//! What came out, for all backends.

use std::time::Duration;

/// One column of the table for each backend.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order in which they were asked for.
    pub columns: Vec<Column>,
}

/// What one backend did.
#[derive(Clone, Debug)]
pub struct Column {
    /// The backend's name.
    pub backend: String,
    /// In the order in which they ran.
    pub checks: Vec<Check>,
}

/// How one check ended.
#[derive(Clone, Debug)]
pub struct Check {
    /// The same on every backend, and from release to release.
    pub name: String,
    /// What a user would suffer if it failed.
    pub meaning: String,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// How one check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It does not: what was done, and the difference.
    Failed(String),
    /// The backend says that it does not promise this, and why.
    NotPromised(String),
}

impl Verdict {
    /// One word for a cell of the table.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Passed => "ok",
            Verdict::Failed(_) => "FAILED",
            Verdict::NotPromised(_) => "n/a",
        }
    }

    /// The failure, or the reason.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Verdict::Passed => None,
            Verdict::Failed(detail) | Verdict::NotPromised(detail) => Some(detail),
        }
    }
}

impl Report {
    /// The checks of all backends, each once, in the order in which they ran.
    pub fn checks(&self) -> Vec<&Check> {
        let mut rows: Vec<&Check> = Vec::new();
        for check in self.columns.iter().flat_map(|column| &column.checks) {
            if !rows.iter().any(|row| row.name == check.name) {
                rows.push(check);
            }
        }
        rows
    }

    /// The failures, each with its backend's name.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &Check)> {
        self.columns.iter().flat_map(|column| {
            let checks = column.checks.iter();
            checks
                .filter(|check| matches!(check.verdict, Verdict::Failed(_)))
                .map(|check| (column.backend.as_str(), check))
        })
    }

    /// One line with the figures.
    pub fn summary(&self) -> String {
        let run = self
            .columns
            .iter()
            .map(|column| column.checks.len())
            .sum::<usize>();
        let failed = self.failures().count();
        let backends = self.columns.len();
        format!("{run} checks on {backends} backends, {failed} failed")
    }
}

impl Column {
    /// How the check of that name ended here, if it ran.
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }
}

/// A report with one of everything.
#[cfg(test)]
pub(crate) fn sample() -> Report {
    let check = |name: &str, verdict| Check {
        name: name.to_owned(),
        meaning: format!("a user loses <{name}>"),
        verdict,
        took: Duration::from_millis(5),
    };
    let failed = Verdict::Failed("A: load\nB: put -> \"1\" & not 2".to_owned());
    let apart = Verdict::NotPromised("the browser keeps the last".to_owned());
    Report {
        columns: vec![
            Column {
                backend: "memory".to_owned(),
                checks: vec![
                    check("record/put", Verdict::Passed),
                    check("overlap/set", failed),
                ],
            },
            Column {
                backend: "cookie".to_owned(),
                checks: vec![
                    check("overlap/set", apart),
                    check("cookie/size", Verdict::Passed),
                ],
            },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_one_row_whoever_ran_it() {
        let report = sample();
        let names: Vec<&str> = report
            .checks()
            .iter()
            .map(|check| check.name.as_str())
            .collect();
        assert_eq!(names, ["record/put", "overlap/set", "cookie/size"]);
        assert_eq!(report.failures().count(), 1);
        assert_eq!(report.summary(), "4 checks on 2 backends, 1 failed");
    }
}
