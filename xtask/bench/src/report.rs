//! The figures as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::figure::{Figure, Figures, TIME};
use crate::stats;
use crate::target::{TARGETS, Target};

const NONE: &str = "-";

/// All figures, then the table of targets.
pub(crate) fn text(figures: &Figures) -> String {
    let mut out = String::new();
    let mut group = "";
    for figure in &figures.0 {
        if figure.group != group {
            group = &figure.group;
            let _ = writeln!(out, "{group}");
        }
        let [low, high] = stats::middle_half(&figure.samples);
        let (median, scenario) = (figure.median(), &figure.scenario);
        let _ = writeln!(
            out,
            "  {scenario:<20} {:<22} {median:>11.1} {:<8} {low:>11.1} .. {high:.1}",
            figure.subject, figure.unit,
        );
    }
    out + "\n" + &table(figures)
}

/// The targets as a Markdown table. What was not measured has no row.
pub(crate) fn table(figures: &Figures) -> String {
    let head = "| scenario | ours | peer | ratio | target |\n| --- | --- | --- | --- | --- |\n";
    let mut out = head.to_owned();
    for target in TARGETS {
        let outcome = target.outcome(figures);
        let goal = target.limit.map_or(NONE.to_owned(), |limit| limit.to_string());
        let is_met = match outcome.is_met {
            Some(true) => ": met",
            Some(false) => ": MISSED",
            None => "",
        };
        let peer = match quantity(outcome.peer, target.unit()).as_str() {
            NONE => NONE.to_owned(),
            peer => format!("{} {peer}", target.peer),
        };
        if !outcome.ours.is_nan() {
            let _ = writeln!(
                out,
                "| {target} | {} | {peer} | {} | {goal}{is_met} |",
                quantity(outcome.ours, target.unit()),
                quantity(outcome.ratio, ""),
            );
        }
    }
    out
}

fn quantity(number: f64, unit: &str) -> String {
    match unit {
        _ if number.is_nan() => NONE.to_owned(),
        "" => format!("{number:.2}"),
        TIME if number >= 1e4 => format!("{:.1} µs", number / 1e3),
        "a second" => format!("{:.1} k/s", number / 1e3),
        "commands" => format!("{number}"),
        _ => format!("{number:.0} {unit}"),
    }
}

/// The same for programs. What was not measured is `null`.
pub(crate) fn json(figures: &Figures) -> String {
    let figure = |figure: &Figure| {
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
            "target": target.limit.map(|limit| limit.to_string()),
            "met": outcome.is_met,
        })
    };
    let all = json!({
        "figures": figures.0.iter().map(figure).collect::<Vec<Value>>(),
        "targets": TARGETS.iter().map(target).collect::<Vec<Value>>(),
    });
    format!("{all:#}\n")
}

const TABLE: &str = "<!-- table -->\n";
const END_OF_TABLE: &str = "<!-- end of table -->";

/// Replaces the table of a page, which is between two comments. `None` for a page without them.
pub(crate) fn with_table(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(TABLE)?;
    let (_, after) = rest.split_once(END_OF_TABLE)?;
    Some(format!("{before}{TABLE}\n{table}\n{END_OF_TABLE}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::tests::some;

    #[test]
    fn the_text_has_the_figures_and_a_row_for_each_target_that_was_measured() {
        let text = text(&some());
        let (figures, rows) = text.split_once("| --- |\n").unwrap();
        let figure = figures.lines().find(|line| line.contains(" ours "));
        let words: Vec<&str> = figure.unwrap().split_whitespace().collect();
        assert_eq!(words, ["read", "ours", "890.0", "ns", "535.0", "..", "1245.0"]);
        assert_eq!(
            rows.lines().collect::<Vec<_>>(),
            [
                "| request, sessions in memory: read (beyond the bare router) | 340 ns \
                 | tower-sessions signed 550 ns | 0.70 | at most 0.85: met |",
                "| memory store, a million sessions: two threads | 1818.2 k/s \
                 | tower-sessions 909.1 k/s | 2.00 | at least 2.8: MISSED |",
                "| loopback HTTP, 16 in flight: read | 8.0 k/s \
                 | bare server 9.1 k/s | 0.88 | at least 0.8: met |",
                "| store commands a request: read and write | 2 \
                 | - | - | at most 2: met |",
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

    #[test]
    fn a_table_replaces_the_one_before() {
        let page = format!("Before.\n{TABLE}\nold\n\n{END_OF_TABLE}\nAfter.\n");
        let new = with_table(&page, "| one |\n").unwrap();
        assert_eq!(new, page.replace("old\n", "| one |\n"));
        assert_eq!(with_table("No table.\n", ""), None);
    }
}
