//! The report as one self-contained page.

use std::fmt::Write as _;

use crate::report::{Report, Verdict};

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Session store conformance</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #8884; text-align: left; vertical-align: top; }
td.ok { color: light-dark(#17692b, #6fd08a); }
td.failed { background: #b3261e; color: #fff; font-weight: 600; }
td.apart { opacity: .7; }
small { display: block; opacity: .75; font-weight: normal; }
pre { overflow-x: auto; padding: 1rem; background: #8882; }
</style>
<h1>Session store conformance</h1>
"#;

/// Backends across, checks down; then every failure in full. It loads nothing from elsewhere.
pub fn render(report: &Report) -> String {
    let mut out = HEAD.to_owned();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "<p>{}</p>", escape(&report.summary()));
    out.push_str("<div class=\"wide\"><table>\n<tr><th scope=\"col\">Check");
    for column in &report.columns {
        let _ = write!(out, "<th scope=\"col\">{}", escape(&column.backend));
    }
    for check in report.checks() {
        let (name, meaning) = (escape(&check.name), escape(&check.meaning));
        let _ = write!(
            out,
            "\n<tr><th scope=\"row\">{name}<small>{meaning}</small>"
        );
        for column in &report.columns {
            out.push_str(&cell(column.check(&check.name).map(|check| &check.verdict)));
        }
    }
    out.push_str("\n</table></div>\n");
    for (backend, check) in report.failures() {
        let title = escape(&format!("{backend} failed {}", check.name));
        let detail = escape(check.verdict.detail().unwrap_or_default());
        let _ = write!(out, "<h2>{title}</h2>\n<pre>{detail}</pre>\n");
    }
    out.push_str("</html>\n");
    out
}

fn cell(verdict: Option<&Verdict>) -> String {
    let Some(verdict) = verdict else {
        return "<td class=\"apart\">-".to_owned();
    };
    let word = verdict.word();
    match verdict {
        Verdict::Passed => format!("<td class=\"ok\">{word}"),
        Verdict::Failed(_) => format!("<td class=\"failed\">{word}"),
        Verdict::NotPromised(why) => {
            format!("<td class=\"apart\">{word}<small>{}</small>", escape(why))
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_page_that_escapes_what_it_shows() {
        let page = render(&sample());
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
        assert!(page.contains("a user loses &lt;overlap/set&gt;"));
        assert!(page.contains("B: put -&gt; &quot;1&quot; &amp; not 2"));
        assert!(page.contains("<small>the browser keeps the last</small>"));
        assert!(!page.contains("http"), "it loads nothing from elsewhere");
        assert_eq!(page.matches("<td").count(), 6);
    }
}
