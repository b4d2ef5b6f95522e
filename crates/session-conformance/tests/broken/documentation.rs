//! The tables of `docs/conformance.md`: all checks, and all broken stores.
//!
//! `UPDATE_DOCS=1 cargo test -p session-conformance --test broken` writes them.

use std::fmt::Write as _;

use session_conformance::{Level, checks};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance.md");

/// Each level with its title and its introduction.
const LEVELS: [(Level, &str, &str); 5] = [
    (Level::Record, "Records", "The contract of `RecordStore`, one promise at a time."),
    (
        Level::Overlap,
        "Overlapping requests",
        "Requests on one session whose store operations are run in many orders. With the feature\n\
         `engine`, two requests are run in every order, and three requests too.",
    ),
    (
        Level::Fault,
        "Faults",
        "The same with one operation that fails, loses its reply, comes late, or is cut off by a\n\
         crash or by a client that hangs up.",
    ),
    (
        Level::Session,
        "Sessions",
        "Every call, every outcome and every rule of the engine, on any `SessionStorage`. Needs\n\
         the feature `engine`. The groups are named after the engine's files in `session-core`.",
    ),
    (
        Level::Http,
        "HTTP",
        "Requests and responses through `SessionLayer`, with a browser that keeps cookies. Needs\n\
         the feature `http`.",
    ),
];

#[test]
fn the_page_lists_every_check_and_every_broken_store() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let page = replace(page, "checks", &checks_table());
    let page = replace(page, "broken stores", &stores_table());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let now = std::fs::read_to_string(PAGE).unwrap();
    assert!(now == page, "docs/conformance.md is out of date; run this test with UPDATE_DOCS=1");
}

/// Replaces what is between two comments of `page`.
fn replace(page: String, part: &str, text: &str) -> String {
    let (begin, end) =
        (format!("<!-- generated: {part} -->\n"), format!("<!-- end of generated {part} -->\n"));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}{text}\n{end}{after}")
}

fn checks_table() -> String {
    let mut text = String::new();
    for (level, title, introduction) in LEVELS {
        write!(text, "\n### {title}\n\n{introduction}\n\n").unwrap();
        text.push_str("| check | without it |\n| --- | --- |\n");
        for check in checks().filter(|check| check.level == level) {
            writeln!(text, "| `{}` | {} |", check.name, check.harm).unwrap();
        }
    }
    text
}

fn stores_table() -> String {
    let mut text =
        String::from("\n| broken store | what it does | caught by |\n| --- | --- | --- |\n");
    for case in crate::all() {
        let (store, flaw, check) = (case.store, case.flaw, case.check);
        writeln!(text, "| {store} | {flaw} | `{check}` |").unwrap();
    }
    text
}
