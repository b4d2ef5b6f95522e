//! The figures as text, as JSON and as the table of the page about performance.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::figure::{Figures, TIME};
use crate::stats;
use crate::target::{Outcome, TARGETS, Target};

/// All figures, then the targets.
pub(crate) fn text(figures: &Figures) -> String {
    let mut out = String::new();
    let mut group = "";
    for figure in &figures.0 {
        if figure.group != group {
            group = &figure.group;
            let _ = writeln!(out, "{group}");
        }
        let [low, high] = stats::middle_half(&figure.samples);
        let _ = writeln!(
            out,
            "  {:<20} {:<22} {:>11.1} {:<8} {low:>11.1} .. {high:.1}",
            figure.scenario,
            figure.subject,
            figure.median(),
            figure.unit,
        );
    }
    let _ = writeln!(out, "targets");
    for target in TARGETS {
        let outcome = target.outcome(figures);
        let _ = writeln!(
            out,
            "  {:<12} {:>6}  {:<14} {target}",
            verdict(target, &outcome),
            ratio(&outcome),
            limit(target),
        );
    }
    out
}

/// The rows that were measured, as Markdown.
pub(crate) fn markdown(figures: &Figures) -> String {
    let mut out =
        "| scenario | ours | peer | ratio | target |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for target in TARGETS {
        let outcome = target.outcome(figures);
        if let Some(ours) = outcome.ours {
            let _ = writeln!(
                out,
                "| {target} | {} | {} | {} | {} |",
                quantity(ours, target.unit()),
                peer(target, &outcome),
                ratio(&outcome),
                goal(target, &outcome),
            );
        }
    }
    out
}

/// The same for programs.
pub(crate) fn json(figures: &Figures) -> String {
    let figure = |figure: &crate::figure::Figure| {
        json!({
            "group": figure.group,
            "scenario": figure.scenario,
            "subject": figure.subject,
            "unit": figure.unit,
            "median": figure.median(),
            "middle_half": stats::middle_half(&figure.samples),
        })
    };
    let target = |target: &Target| {
        let outcome = target.outcome(figures);
        json!({
            "scenario": target.to_string(),
            "peer": target.peer,
            "unit": target.unit(),
            "ours": outcome.ours,
            "theirs": outcome.peer,
            "ratio": outcome.ratio,
            "target": limit(target),
            "met": outcome.is_met,
        })
    };
    let all = json!({
        "figures": figures.0.iter().map(figure).collect::<Vec<Value>>(),
        "targets": TARGETS.iter().map(target).collect::<Vec<Value>>(),
    });
    format!("{all:#}\n")
}

fn verdict(target: &Target, outcome: &Outcome) -> &'static str {
    match outcome.is_met {
        Some(true) => "met",
        Some(false) => "MISSED",
        None if target.limit.is_none() => "no target",
        None => "not measured",
    }
}

fn ratio(outcome: &Outcome) -> String {
    let ratio = outcome.ratio.map(|ratio| format!("{ratio:.2}"));
    ratio.unwrap_or("-".to_owned())
}

fn limit(target: &Target) -> String {
    let limit = target.limit.map(|limit| limit.to_string());
    limit.unwrap_or("-".to_owned())
}

fn goal(target: &Target, outcome: &Outcome) -> String {
    match outcome.is_met {
        Some(_) => format!("{}: {}", limit(target), verdict(target, outcome)),
        None => limit(target),
    }
}

fn peer(target: &Target, outcome: &Outcome) -> String {
    match outcome.peer {
        Some(peer) => format!("{}: {}", target.peer, quantity(peer, target.unit())),
        None => "-".to_owned(),
    }
}

fn quantity(number: f64, unit: &str) -> String {
    match unit {
        TIME if number >= 1e4 => format!("{:.1} µs", number / 1e3),
        "a second" => format!("{} a second", thousands(number)),
        "commands" => format!("{number}"),
        _ => format!("{number:.0} {unit}"),
    }
}

/// Three significant digits, with commas between the thousands.
fn thousands(number: f64) -> String {
    let rounded: f64 = format!("{number:.2e}").parse().unwrap_or(number);
    let digits = format!("{rounded:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::tests::some;

    #[test]
    fn the_text_has_the_figures_and_whether_targets_are_met() {
        let text = text(&some());
        for line in [
            "  read                 ours                         890.0 ns             535.0 .. 1245.0",
            "  MISSED         2.00  at least 2.8   memory store, a million sessions: two threads",
            "  met            0.90  at least 0.8   loopback HTTP, 16 in flight: read",
            "  not measured      -  at least 1.2   Redis, 32 in flight: read",
            "  no target         -  -              files: read",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn the_table_has_a_row_for_what_was_measured() {
        let table = markdown(&some());
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| request, in process: read, beyond the bare router | 340 ns \
                 | tower-sessions signed: 550 ns | 0.70 | at most 0.85: met |",
                "| memory store, a million sessions: two threads | 1,820,000 a second \
                 | tower-sessions: 909,000 a second | 2.00 | at least 2.8: MISSED |",
                "| loopback HTTP, 16 in flight: read | 9,090 a second \
                 | bare server: 10,100 a second | 0.90 | at least 0.8: met |",
                "| store commands a request: read and write | 2 | - | - | at most 2: met |",
            ]
        );
    }

    #[test]
    fn programs_read_the_same() {
        let json: Value = serde_json::from_str(&json(&some())).unwrap();
        assert_eq!(json["figures"][1]["median"], 890.0);
        let mut targets = json["targets"].as_array().unwrap().iter();
        let missed = targets.find(|target| target["met"] == false).unwrap();
        assert_eq!(missed["ratio"], 2.0);
        assert_eq!(missed["target"], "at least 2.8");
    }
}
