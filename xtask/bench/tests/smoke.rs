//! One round of the groups that need neither a server nor much memory.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use serde_json::Value;
use xtask_bench::{COOKIE_STORAGE, COOKIE_VALUES, SIZES, VISITS};

#[test]
fn a_run_has_a_figure_for_every_case_and_for_every_target_of_its_groups() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask-bench"))
        .args(["--backend", "cookie", "--rounds", "1", "--format", "json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();

    let figures = report["figures"].as_array().unwrap();
    let ours = figures.iter().filter(|figure| figure["subject"] == "ours");
    let medians: Vec<f64> = ours.map(|figure| figure["median"].as_f64().unwrap()).collect();
    // Sign, verify, seal and open.
    assert_eq!(medians.len(), VISITS.len() + 4 * SIZES.len());
    assert!(medians.iter().all(|median| *median > 0.0), "{medians:?}");

    // The table of targets names groups and scenarios as the cases do.
    for target in report["targets"].as_array().unwrap() {
        let scenario = target["scenario"].as_str().unwrap();
        let is_here = scenario.starts_with(COOKIE_STORAGE) || scenario.starts_with(COOKIE_VALUES);
        assert_eq!(target["ours"].is_number(), is_here, "{target}");
    }
}
