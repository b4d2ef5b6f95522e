//! The report as JSON, for other programs.

use serde_json::{Value, json};

use crate::report::{Check, Report};

/// `{"failed": n, "backends": [{"name", "checks": [{"name", "meaning", "verdict", "detail", "ms"}]}]}`, where `verdict` is
/// `ok`, `FAILED` or `n/a`.
pub fn render(report: &Report) -> String {
    let backends = report.columns.iter().map(|column| {
        let checks: Vec<Value> = column.checks.iter().map(check).collect();
        json!({ "name": column.backend, "checks": checks })
    });
    let failed = report.failures().count();
    let whole = json!({ "failed": failed, "backends": backends.collect::<Vec<Value>>() });
    format!("{whole:#}\n")
}

fn check(check: &Check) -> Value {
    json!({
        "name": check.name,
        "meaning": check.meaning,
        "verdict": check.verdict.word(),
        "detail": check.verdict.detail(),
        "ms": check.took.as_millis() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_check_with_its_verdict() {
        let read: Value = serde_json::from_str(&render(&sample())).unwrap();
        assert_eq!(read["failed"], 1);
        let cookie = &read["backends"][1];
        assert_eq!(cookie["name"], "cookie");
        assert_eq!(cookie["checks"][0]["verdict"], "n/a");
        assert_eq!(cookie["checks"][0]["detail"], "the browser keeps the last");
        assert_eq!(cookie["checks"][1]["detail"], Value::Null);
        assert_eq!(cookie["checks"][1]["ms"], 5);
    }
}
