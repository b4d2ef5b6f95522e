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
                "\n{last}\n{:<30} {:<22} {:>12} {:>21} {:>10} {:>10} {:>6} {:>6}",
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
    let unit = if figure.timed { " ns" } else { "" };
    let count = |number: Option<f64>| number.map_or("-".to_owned(), |n| format!("{n:.0}"));
    format!(
        "{:<30} {:<22} {:>12} {:>21} {:>10} {:>10} {:>6} {:>6}",
        figure.scenario,
        figure.subject,
        format!("{:.1}{unit}", figure.median()),
        format!("{low:.1} .. {high:.1}"),
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
            "unit": figure.timed.then_some("ns"),
            "median": figure.median(),
            "quartiles": [low, high],
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
