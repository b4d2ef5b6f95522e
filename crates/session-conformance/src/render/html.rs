//! One page that needs no other file, for a maintainer to publish.

use std::fmt::{self, Write as _};

use super::{counts, declared, rows};
use crate::{Checked, Report, Verdict};

const STYLE: &str = "\
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
body { color: #222; background: #fff }
h1, h2 { line-height: 1.2 }
.table { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #ddd }
th, td { text-align: left; vertical-align: top }
thead th { position: sticky; top: 0; background: #fff }
tbody th { font-weight: normal }
small { display: block; color: #595959 }
.level th { font-weight: bold; background: #f3f3f3 }
.passed { color: #14622e }
.failed { color: #a30000; font-weight: bold }
.declared { color: #595959 }
pre { overflow-x: auto; padding: 1rem; background: #f3f3f3 }
@media (prefers-color-scheme: dark) {
body { color: #ddd; background: #181818 }
thead th { background: #181818 }
th, td { border-color: #444 }
.level th, pre { background: #262626 }
small, .declared { color: #a6a6a6 }
.passed { color: #7fd199 }
.failed { color: #ff9a9a }
}";

/// One page that needs no other file: the table, every failure in full, and what is not promised.
pub fn html(reports: &[Report]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, reports);
    out
}

fn write(out: &mut String, reports: &[Report]) -> fmt::Result {
    let title = "Session store conformance";
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    )?;
    summary(out, reports)?;
    failures(out, reports)?;
    table(out, reports)?;
    writeln!(out, "</body>\n</html>")
}

fn summary(out: &mut String, reports: &[Report]) -> fmt::Result {
    writeln!(out, "<ul>")?;
    for report in reports {
        let (passed, failed, not_promised) = counts(report);
        let class = if failed > 0 { "failed" } else { "passed" };
        write!(
            out,
            "<li><strong>{}</strong>: \
             <span class=\"{class}\">{passed} passed, {failed} failed</span>, \
             {not_promised} not promised, {:.1} s",
            Text(&report.subject),
            report.took.as_secs_f64()
        )?;
        let reasons = declared(report);
        if !reasons.is_empty() {
            write!(out, "<ul>")?;
            for (why, checks) in reasons {
                write!(out, "<li class=\"declared\">{checks} checks: {}</li>", Text(why))?;
            }
            write!(out, "</ul>")?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ul>")
}

fn failures(out: &mut String, reports: &[Report]) -> fmt::Result {
    for report in reports {
        for (checked, failure) in report.failures() {
            writeln!(
                out,
                "<h2 class=\"failed\">{}: {}</h2>\n<p>{}</p>\n<pre>{}</pre>",
                Text(&report.subject),
                checked.name,
                Text(checked.harm),
                Text(&failure.to_string())
            )?;
        }
    }
    Ok(())
}

fn table(out: &mut String, reports: &[Report]) -> fmt::Result {
    write!(
        out,
        "<div class=\"table\">\n<table>\n<thead><tr>\
         <th scope=\"col\">Check, and what a user suffers without it</th>"
    )?;
    for report in reports {
        write!(out, "<th scope=\"col\">{}</th>", Text(&report.subject))?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    let mut level = None;
    for (row, cells) in rows(reports) {
        if level.replace(row.level) != Some(row.level) {
            let columns = reports.len() + 1;
            writeln!(out, "<tr class=\"level\"><th colspan=\"{columns}\">{}</th></tr>", row.level)?;
        }
        write!(
            out,
            "<tr><th scope=\"row\"><code>{}</code><small>{}</small></th>",
            row.name,
            Text(row.harm)
        )?;
        for cell in cells {
            self::cell(out, cell)?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>")
}

fn cell(out: &mut String, cell: Option<&Checked>) -> fmt::Result {
    let Some(checked) = cell else {
        return write!(out, "<td></td>");
    };
    match &checked.verdict {
        Verdict::Passed { remark } => {
            write!(out, "<td class=\"passed\">passed")?;
            if let Some(remark) = remark {
                write!(out, "<small>{}</small>", Text(remark))?;
            }
            write!(out, "</td>")
        }
        Verdict::Failed(_) => write!(out, "<td class=\"failed\">failed</td>"),
        Verdict::Declared { why } => {
            write!(out, "<td class=\"declared\" title=\"{}\">not promised</td>", Text(why))
        }
    }
}

/// Text, escaped for HTML.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
