//! How often each scenario allocates, beyond the bare router: it may become less, and never more unnoticed.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(clippy::indexing_slicing)]

use std::collections::BTreeMap;

use session_cookie::CookieStorage;
use session_core::SessionStorage;
use session_store_memory::MemoryStore;
use xtask_bench::{App, Case, allocations, bare, ours};

/// Beyond the bare router, on a thread that has had a request before; axum boxes three times for any layer.
const MEMORY: [(&str, f64); 9] = [
    ("no cookie, untouched", 3.0),
    ("untouched", 3.0),
    ("read", 4.0),
    ("read and write", 14.0),
    ("login", 38.0),
    ("read after a login", 5.0),
    ("forged, read", 3.0),
    ("50 keys: read", 4.0),
    ("50 keys: read and write", 14.0),
];

const COOKIE: [(&str, f64); 4] = [
    ("no cookie, untouched", 3.0),
    ("untouched", 3.0),
    ("read", 5.0),
    ("read and write", 13.0),
];

#[test]
fn requests_on_the_memory_store() {
    check(MemoryStore::new(), App::cases, &MEMORY);
}

#[test]
fn requests_with_the_data_in_the_cookie() {
    check(CookieStorage::new(), App::simple_cases, &COOKIE);
}

fn check(storage: impl SessionStorage, cases: fn(&App) -> Vec<Case>, most: &[(&str, f64)]) {
    let (floor, ours) = (count(cases(&bare())), count(cases(&ours(storage))));
    let mut over = Vec::new();
    for (scenario, most) in most {
        let beyond = ours[*scenario] - floor[*scenario];
        if beyond.round() > *most {
            over.push(format!("{scenario}: {beyond}, expected at most {most}"));
        }
    }
    assert!(over.is_empty(), "more allocations than before: {over:#?}");
}

fn count(cases: Vec<Case>) -> BTreeMap<String, f64> {
    cases
        .into_iter()
        .map(|mut case| {
            let (count, _) = allocations(&mut case, |work| {
                let counted = allocation_counter::measure(work);
                (counted.count_total, counted.bytes_total)
            });
            (case.scenario, count)
        })
        .collect()
}
