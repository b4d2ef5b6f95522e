//! The verdicts, as text and as JSON.

use crate::check::KINDS;
use crate::run::Verdict;

/// How many histories the text shows for each backend.
const HISTORIES: usize = 5;

pub(crate) fn text(verdicts: &[Verdict]) -> String {
    let mut out = String::new();
    for verdict in verdicts {
        for (_, history) in verdict.histories.iter().take(HISTORIES) {
            out += &format!("{}: {history}\n", verdict.backend);
        }
    }
    out += &row("", verdicts, |verdict| verdict.backend.clone());
    out += &row("seed", verdicts, |verdict| verdict.seed.to_string());
    out += &row("clocks differ by, s", verdicts, |verdict| verdict.skew.to_string());
    out += &row("seconds", verdicts, |verdict| verdict.seconds.to_string());
    out += &row("sessions", verdicts, |verdict| verdict.sessions.to_string());
    out += &row("requests", verdicts, |verdict| verdict.requests.to_string());
    out += &row("answered with an error", verdicts, |verdict| {
        verdict.answered_with_an_error.to_string()
    });
    out += &row("refused (409)", verdicts, |verdict| verdict.refused_with_409.to_string());
    out += &row("unanswered", verdicts, |verdict| verdict.unanswered.to_string());
    out += &row("longest outage, ms", verdicts, |verdict| verdict.longest_outage_ms.to_string());
    out += &row("faults injected", verdicts, |verdict| {
        verdict.faults_injected.values().sum::<u64>().to_string()
    });
    for (_, label) in KINDS {
        out += &row(label, verdicts, |verdict| {
            let of = |counts: &std::collections::BTreeMap<&str, u64>| {
                counts.get(label).copied().unwrap_or(0)
            };
            match of(&verdict.found_around_failovers) {
                0 => of(&verdict.found).to_string(),
                near => format!("{} (+{near} around failovers)", of(&verdict.found)),
            }
        });
    }
    for verdict in verdicts {
        let faults: Vec<_> =
            verdict.faults_injected.iter().map(|(name, count)| format!("{name} {count}")).collect();
        out += &format!("{}: faults: {}\n", verdict.backend, faults.join(", "));
    }
    out
}

fn row(label: &str, verdicts: &[Verdict], cell: impl Fn(&Verdict) -> String) -> String {
    let cells: Vec<_> = verdicts.iter().map(|verdict| format!("{:>18}", cell(verdict))).collect();
    format!("{label:<24}{}\n", cells.join(""))
}

pub(crate) fn json(verdicts: &[Verdict]) -> String {
    serde_json::to_string_pretty(verdicts).unwrap_or_default()
}
