//! The one place that knows session-conformance: it runs the checks on one backend.

use crate::backend::Backend;
use crate::report::Column;

/// Runs the checks whose names contain `only`, or all of them.
///
/// # Errors
///
/// Why the checks could not run; a check that failed is no error, but in the column.
pub fn run(backend: Backend, _only: Option<&str>) -> Result<Column, String> {
    Err(format!(
        "{}: session-conformance has no checks yet",
        backend.name()
    ))
}
