//! `cargo xtask test`: runs everything that must pass before a change is merged.

use std::process::ExitCode;

use serde_json::Value;
use session_servers::{Program, ensure};
use xtask::{Args, UsageError};

use crate::docs;
use crate::steps::{Steps, cargo};

/// A program that `--skip` can leave out.
#[derive(Clone, Copy, Debug)]
struct Skip {
    name: &'static str,
    program: Program,
    /// The packages in which all tests need it.
    packages: &'static [&'static str],
}

const SKIPS: &[(&str, Skip)] = &[
    (
        "redis",
        Skip {
            name: "redis",
            program: Program::Redis,
            packages: &["session-store-redis", "session-servers", "xtask-interop", "xtask-browser"],
        },
    ),
    ("valkey", Skip { name: "valkey", program: Program::Valkey, packages: &[] }),
    (
        "memcache",
        Skip {
            name: "memcache",
            program: Program::Memcached,
            packages: &[
                "session-store-memcache",
                "session-servers",
                "xtask-interop",
                "xtask-browser",
            ],
        },
    ),
    (
        "chromium",
        Skip { name: "chromium", program: Program::ChromeDriver, packages: &["xtask-browser"] },
    ),
];

/// Without Valkey's Cluster and Sentinel, which the tests of the Redis store cover.
const TORTURE_BACKENDS: &[&str] =
    &["redis", "redis-cluster", "redis-sentinel", "valkey", "memcache", "fs"];

pub(crate) fn run(args: Vec<String>) -> Result<ExitCode, UsageError> {
    let args = Args::parse(args, &["--skip"])?;
    args.no_words(&["--skip"])?;
    let skips = args.list("--skip", SKIPS)?;

    let mut steps = Steps::new();
    for (name, skipped) in SKIPS {
        if !skips.iter().any(|skip| skip.name == *name) {
            steps.run(&format!("{name}: find or install it"), || {
                ensure(skipped.program).map(drop).map_err(|error| error.to_string())
            });
        }
    }
    steps.cargo(&["fmt", "--all", "--check"], &[]);
    let deny = ["--", "-D", "warnings"];
    let all = ["clippy", "--workspace", "--all-targets", "--all-features"];
    steps.cargo(&[&all[..], &deny].concat(), &[]);

    let mut test = vec!["test", "--workspace", "--all-features", "--no-fail-fast"];
    let packages = skips.iter().flat_map(|skip| skip.packages);
    test.extend(packages.flat_map(|package| ["--exclude", package]));
    // In other packages, the names of tests that need a program contain its name.
    test.push("--");
    test.extend(skips.iter().flat_map(|skip| ["--skip", skip.name]));
    steps.cargo(&test, &[]);

    let backends: Vec<&str> = TORTURE_BACKENDS
        .iter()
        .copied()
        .filter(|backend| !skips.iter().any(|skip| backend.starts_with(skip.name)))
        .collect();
    let torture = ["run", "--quiet", "--package", "xtask-torture", "--", "--seconds", "20"];
    steps.cargo(&[&torture[..], &["--backend", &backends.join(",")]].concat(), &[]);

    docs::add_steps(&mut steps);

    match metadata() {
        // One package at a time, because cargo unifies the features of all packages in one build.
        Ok(metadata) => {
            for features in feature_sets(&metadata) {
                let features: Vec<&str> = features.iter().map(String::as_str).collect();
                steps.cargo(&[&["clippy"], &features[..], &deny].concat(), &[]);
            }
        }
        Err(error) => steps.run("cargo metadata", || Err(error)),
    }
    Ok(steps.summarize(&skipped_tests(&skips)))
}

/// The last line of the summary.
fn skipped_tests(skips: &[Skip]) -> String {
    if skips.is_empty() {
        return "nothing".to_owned();
    }
    let parts = skips.iter().map(|skip| {
        let name = skip.name;
        match skip.packages {
            [] => format!("{name} (the tests with {name} in their names)"),
            packages => {
                let packages = packages.join(", ");
                format!("{name} (the tests of {packages}, and those with {name} in their names)")
            }
        }
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn metadata() -> Result<Value, String> {
    let output = cargo(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// For each published crate, the cargo arguments to build it without features, with each feature
/// alone, and with all.
fn feature_sets(metadata: &Value) -> Vec<Vec<String>> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let published = packages.filter(|package| package["publish"].is_null());
    published.flat_map(feature_sets_of).collect()
}

fn feature_sets_of(package: &Value) -> Vec<Vec<String>> {
    let name = package["name"].as_str().unwrap_or_default();
    let features = package["features"].as_object().into_iter().flatten();
    let features: Vec<&String> =
        features.map(|(feature, _)| feature).filter(|feature| *feature != "default").collect();
    let arguments = |args: &[&str]| {
        let start = ["--package", name, "--no-default-features"];
        start.iter().chain(args).map(|arg| (*arg).to_owned()).collect()
    };
    let mut sets = vec![arguments(&[])];
    sets.extend(features.iter().map(|feature| arguments(&["--features", feature])));
    if features.len() > 1 {
        sets.push(arguments(&["--all-features"]));
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_feature_alone_and_all_of_them() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "a", "publish": null, "features": { "default": ["x"], "x": [], "y": [] } },
            { "name": "b", "publish": null, "features": {} },
            { "name": "tool", "publish": [], "features": {} },
        ]});
        let choices: Vec<String> =
            feature_sets(&metadata).iter().map(|args| args.join(" ")).collect();
        assert_eq!(
            choices,
            [
                "--package a --no-default-features",
                "--package a --no-default-features --features x",
                "--package a --no-default-features --features y",
                "--package a --no-default-features --all-features",
                "--package b --no-default-features",
            ]
        );
    }

    #[test]
    fn the_last_line_names_what_was_skipped() {
        let all: Vec<Skip> = SKIPS.iter().map(|(_, skip)| *skip).collect();
        assert_eq!(skipped_tests(&[]), "nothing");
        assert_eq!(
            skipped_tests(&all),
            "redis (the tests of session-store-redis, session-servers, xtask-interop, \
             xtask-browser, and those with redis in their names); \
             valkey (the tests with valkey in their names); \
             memcache (the tests of session-store-memcache, session-servers, xtask-interop, \
             xtask-browser, and those with memcache in their names); \
             chromium (the tests of xtask-browser, and those with chromium in their names)"
        );
    }
}
