//! The suite finds what it is there to find: every broken store fails the check that names its fault.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod broken;

use broken::{Case, Whole, all, subject};
use session_conformance::{Level, Verdict, checks, run_checks};
use tokio::task::JoinSet;

fn chosen(name: &'static str) -> Vec<&'static session_conformance::Check> {
    checks().filter(|check| check.name == name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_broken_store_fails_the_check_that_names_its_fault() {
    let mut running = JoinSet::new();
    for Case {
        store,
        check,
        subject,
    } in all()
    {
        running.spawn(async move {
            let chosen = chosen(check);
            assert_eq!(chosen.len(), 1, "{store}: there is no check {check}");
            let report = run_checks(subject, chosen, |_| {}).await;
            let caught = matches!(report.checks[0].verdict, Verdict::Failed(_));
            (!caught).then(|| format!("{store} passes {check}"))
        });
    }
    let missed: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(missed.is_empty(), "not caught: {missed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_a_flaw_passes() {
    let ours = checks().filter(|check| matches!(check.level, Level::Record | Level::Session));
    let report = run_checks(subject::<Whole>(), ours, |_| {}).await;
    assert!(report.passed(), "{report}");
}

/// A check that no broken store fails may check nothing.
#[test]
fn every_check_of_records_catches_something() {
    let cases = all();
    let idle: Vec<_> = checks()
        .filter(|check| check.level == Level::Record)
        .filter(|check| !cases.iter().any(|case| case.check == check.name))
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
    assert!(cases.len() >= 15);
}

#[test]
fn the_documentation_lists_every_check_and_every_broken_store() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    for check in checks() {
        let row = format!("| `{}` | {} |", check.name, check.harm);
        assert!(docs.contains(&row), "missing: {row}");
    }
    for case in all() {
        let row = docs
            .lines()
            .find(|line| line.starts_with(&format!("| {} |", case.store)));
        let end = format!("| `{}` |", case.check);
        assert!(
            row.is_some_and(|row| row.ends_with(&end)),
            "missing: {} {end}",
            case.store
        );
    }
}
