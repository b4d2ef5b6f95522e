//! Every check must catch something: stores and storages that are broken on purpose, each in one
//! way, and the check that must fail on each of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod bodies;
mod cancel;
mod conditions;
mod documentation;
mod flaw;
mod keys;
mod loads;
mod plain;
mod sharing;
mod storages;
mod sweep;
mod time;

use session_conformance::{Check, Level, Verdict, checks, run_checks};
use tokio::task::JoinSet;

use crate::flaw::{Case, Correct, subject};

fn all() -> Vec<Case> {
    let files = [
        conditions::cases(),
        loads::cases(),
        bodies::cases(),
        keys::cases(),
        cancel::cases(),
        time::cases(),
        sweep::cases(),
        sharing::cases(),
        storages::cases(),
    ];
    files.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_broken_store_fails_the_check_that_names_its_flaw() {
    let mut running = JoinSet::new();
    for case in all() {
        running.spawn(async move {
            let (store, name) = (case.store, case.check);
            let chosen: Vec<&Check> = checks().filter(|check| check.name == name).collect();
            assert_eq!(chosen.len(), 1, "{store}: there is no check {name}");
            let report = run_checks(case.subject, chosen, |_| {}).await;
            let caught = matches!(report.checks[0].verdict, Verdict::Failed(_));
            (!caught).then(|| format!("{store} passes {name}"))
        });
    }
    let missed: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(missed.is_empty(), "not caught: {missed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_a_flaw_passes() {
    let chosen = checks().filter(|check| matches!(check.level, Level::Record | Level::Session));
    let report = run_checks(subject::<Correct>(), chosen, |_| {}).await;
    assert!(report.passed(), "{report}");
}

#[test]
fn every_check_of_records_catches_a_broken_store() {
    let cases = all();
    let idle: Vec<_> = checks()
        .filter(|check| check.level == Level::Record)
        .filter(|check| !cases.iter().any(|case| case.check == check.name))
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
}
