//! What a run found.

use std::time::Duration;

use serde::Serialize;

use crate::{Failure, Level};

/// The results of all checks on one subject.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The subject's name.
    pub subject: String,
    /// One entry for each check that was asked for, in the order of [`checks`](crate::checks).
    pub checks: Vec<Checked>,
    /// How long the run took.
    #[serde(rename = "took_ms", serialize_with = "millis")]
    pub took: Duration,
}

/// The result of one check.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// The check's name.
    pub name: &'static str,
    /// Its level.
    pub level: Level,
    /// What a user would suffer if it failed.
    pub harm: &'static str,
    /// The result.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How long it took.
    #[serde(rename = "took_ms", serialize_with = "millis")]
    pub took: Duration,
}

/// The result of a check.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// It holds.
    Passed {
        /// What was looked at, if the check says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
    /// It does not hold.
    Failed(Failure),
    /// The subject declares that it cannot hold, and why.
    Declared {
        /// The reason.
        why: String,
    },
}

impl Report {
    /// Whether no check failed.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = (&Checked, &Failure)> {
        self.checks.iter().filter_map(|checked| match &checked.verdict {
            Verdict::Failed(failure) => Some((checked, failure)),
            _ => None,
        })
    }
}

fn millis<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
