use std::time::Duration;

use super::{html, json, text};
use crate::{Checked, Failure, Level, Report, Verdict};

fn report(subject: &str, verdict: Verdict) -> Report {
    let checked = |name, verdict| Checked {
        name,
        level: Level::Record,
        harm: "A <user> suffers.",
        verdict,
        took: Duration::from_millis(12),
    };
    Report {
        subject: subject.to_owned(),
        checks: vec![
            checked("record/one", Verdict::Passed { remark: None }),
            checked("record/two", verdict),
        ],
        took: Duration::from_millis(1500),
    }
}

fn reports() -> [Report; 3] {
    let failure = Failure {
        what: "it differs".to_owned(),
        expected: "\"a\"".to_owned(),
        seen: "\"<b>\"".to_owned(),
        operations: vec!["load k -> none".to_owned()],
    };
    let why = "by its nature".to_owned();
    [
        report("fine", Verdict::Passed { remark: Some("7 schedules".to_owned()) }),
        report("broken", Verdict::Failed(failure)),
        report("humble", Verdict::Declared { why }),
    ]
}

#[test]
fn text_has_a_table_the_failures_and_the_counts() {
    let text = text(&reports());
    assert_eq!(
        text,
        "            fine  broken  humble
record/one  ok    ok      ok
record/two  ok    FAIL    -

broken: record/two FAILED
  it differs
  expected: \"a\"
  seen:     \"<b>\"
  operations:
     1  load k -> none
  without it: A <user> suffers.

fine: 2 passed, 0 failed, 0 not promised, 1.5 s
  record/two: 7 schedules
broken: 1 passed, 1 failed, 0 not promised, 1.5 s
humble: 1 passed, 0 failed, 1 not promised, 1.5 s
  not promised (1 checks): by its nature
"
    );
}

#[test]
fn html_is_whole_and_escaped() {
    let page = html(&reports());
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(page.contains("&lt;b&gt;") && !page.contains("<b>") && !page.contains("<user>"));
    assert!(!page.contains("http"), "it needs no other file");
    for tag in ["table", "tbody", "ul", "pre", "div", "tr"] {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn json_says_it_all() {
    let json: serde_json::Value = serde_json::from_str(&json(&reports())).unwrap();
    assert_eq!(json[1]["subject"], "broken");
    assert_eq!(json[1]["took_ms"], 1500);
    assert_eq!(json[1]["checks"][1]["verdict"], "failed");
    assert_eq!(json[1]["checks"][1]["seen"], "\"<b>\"");
    assert_eq!(json[1]["checks"][1]["operations"][0], "load k -> none");
    assert_eq!(json[2]["checks"][1]["why"], "by its nature");
}
