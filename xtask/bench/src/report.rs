//! The figures as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::figure::{Figure, Figures};
use crate::target::{Limit, Target, targets};

/// Tables, and the targets.
pub(crate) fn text(figures: &Figures) -> String {
    let mut out = String::new();
    let mut last = "";
    for figure in &figures.0 {
        if figure.group != last {
            last = figure.group;
            let _ = writeln!(
                out,
                "\n{last}\n{:<31} {:<24} {:>12} {:>21} {:>10} {:>10} {:>6} {:>6}",
                "", "", "median", "half of the runs", "a second", "ours to it", "allocs", "bytes"
            );
        }
        let _ = writeln!(out, "{}", line(figure, figures.ours_to(figure)));
    }
    let _ = writeln!(out, "\ntargets");
    for target in targets(figures) {
        let _ = writeln!(out, "{}", target_line(&target));
    }
    out
}

fn line(figure: &Figure, ours_to_it: Option<f64>) -> String {
    let (low, high) = figure.quartiles();
    let spread = match figure.is_time() {
        true => format!("{low:.1} .. {high:.1}"),
        false => "-".to_owned(),
    };
    let count = |number: Option<f64>| number.map_or("-".to_owned(), |n| format!("{n:.0}"));
    format!(
        "{:<31} {:<24} {:>12} {:>21} {:>10} {:>10} {:>6} {:>6}",
        figure.scenario,
        figure.subject,
        format!("{:.1} {}", figure.median(), figure.unit),
        spread,
        count(figure.per_second()),
        ours_to_it.map_or("-".to_owned(), |ratio| format!("{ratio:.3}")),
        count(figure.allocations),
        count(figure.bytes),
    )
}

fn target_line(target: &Target) -> String {
    let limit = match target.limit {
        Limit::AtMost(limit) => format!("at most {limit}"),
        Limit::AtLeast(limit) => format!("at least {limit}"),
    };
    let (met, seen) = match (target.met(), target.seen) {
        (Some(true), Some(seen)) => ("met", format!("{seen:.3}")),
        (Some(false), Some(seen)) => ("NOT MET", format!("{seen:.3}")),
        _ => ("not measured", "-".to_owned()),
    };
    format!("{met:<12} {seen:>6}  {limit:<14} {}", target.what)
}

/// The same, for programs.
pub(crate) fn json(figures: &Figures) -> String {
    let figure = |figure: &Figure| {
        let (low, high) = figure.quartiles();
        json!({
            "group": figure.group,
            "scenario": figure.scenario,
            "subject": figure.subject,
            "unit": figure.unit,
            "median": figure.median(),
            "quartiles": figure.is_time().then_some([low, high]),
            "per_second": figure.per_second(),
            "ours_to_it": figures.ours_to(figure),
            "allocations": figure.allocations,
            "bytes": figure.bytes,
        })
    };
    let target = |target: &Target| {
        let (kind, limit) = match target.limit {
            Limit::AtMost(limit) => ("at most", limit),
            Limit::AtLeast(limit) => ("at least", limit),
        };
        json!({
            "what": target.what,
            kind: limit,
            "seen": target.seen,
            "met": target.met(),
        })
    };
    let all = json!({
        "figures": figures.0.iter().map(figure).collect::<Vec<Value>>(),
        "targets": targets(figures).iter().map(target).collect::<Vec<Value>>(),
    });
    format!("{all:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::tests::some;

    /// The words of the lines of a group about this subject.
    fn words<'t>(text: &'t str, group: &str, subject: &str) -> Vec<&'t str> {
        let (_, of_group) = text.split_once(&format!("\n{group}\n")).unwrap();
        let mut lines = of_group.lines().skip(1);
        let line = lines.find(|line| line.contains(subject));
        line.unwrap().split_whitespace().collect()
    }

    #[test]
    fn a_line_says_what_was_measured() {
        let text = text(&some());
        let ours = "read ours 200.0 ns 195.0 .. 255.0 5000000 - - -";
        assert_eq!(words(&text, "request", "ours").join(" "), ours);
        let peer = "read tower-sessions 55.0 ns 55.0 .. 60.5 18181818 0.909 - -";
        assert_eq!(
            words(&text, "redis, 32 in flight", "tower-").join(" "),
            peer
        );
        let counted = "a session tower-sessions 500.0 bytes - - 0.400 - -";
        assert_eq!(words(&text, "memory store", "tower-").join(" "), counted);
    }

    #[test]
    fn targets_are_met_or_not() {
        let text = text(&some());
        for line in [
            "met           0.500  at most 0.6    read, memory",
            "met           0.400  at most 0.5    memory store: bytes",
            "NOT MET       1.100  at least 1.2   Redis, 32 in flight, read: requests a second, to those of tower-sessions",
            "not measured      -  at least 0.6   Redis, 32 in flight, read: requests a second, to those of fred GET",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn programs_read_the_same() {
        let json: Value = serde_json::from_str(&json(&some())).unwrap();
        let peer = json!({
            "group": "redis, 32 in flight", "scenario": "read", "subject": "tower-sessions", "unit": "ns", "median": 55.0,
            "quartiles": [55.0, 60.5], "per_second": 1e9 / 55.0, "ours_to_it": 50.0 / 55.0, "allocations": null, "bytes": null,
        });
        assert_eq!(json["figures"][7], peer);
        let counted = &json["figures"][1];
        assert_eq!(counted["unit"], "bytes");
        assert_eq!(counted["quartiles"], Value::Null);
        let mut targets = json["targets"].as_array().unwrap().iter();
        let missed = targets.find(|target| target["met"] == false).unwrap();
        assert_eq!(missed["at least"], 1.2);
    }
}
