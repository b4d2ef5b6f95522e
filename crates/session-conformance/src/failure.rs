//! Why a check failed.

use std::fmt;

use serde::Serialize;

/// What was expected, what was seen, and the operations before.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// What is wrong, in a sentence.
    pub what: String,
    /// What should have been seen; empty where there is nothing to compare.
    pub expected: String,
    /// What was seen instead.
    pub seen: String,
    /// The operations on the store, in the order in which they were done.
    pub operations: Vec<String>,
}

impl Failure {
    /// A failure that compares nothing.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            expected: String::new(),
            seen: String::new(),
            operations: Vec::new(),
        }
    }

    /// A task of the check panicked.
    pub(crate) fn task(error: tokio::task::JoinError) -> Self {
        Self::new(format!("a task did not complete: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.expected.is_empty() {
            write!(f, "\n  expected: {}", self.expected)?;
            write!(f, "\n  seen:     {}", self.seen)?;
        }
        if !self.operations.is_empty() {
            write!(f, "\n  operations:")?;
        }
        for (n, line) in self.operations.iter().enumerate() {
            write!(f, "\n  {:4}  {line}", n + 1)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

impl From<Box<Failure>> for Failure {
    fn from(failure: Box<Failure>) -> Self {
        *failure
    }
}

impl From<session_core::StoreError> for Failure {
    fn from(error: session_core::StoreError) -> Self {
        let what = format!("the store failed ({:?}): {error}", error.kind());
        Self::new(what)
    }
}

impl From<session_core::Error> for Failure {
    fn from(error: session_core::Error) -> Self {
        Self::new(format!("unexpected error ({:?}): {error}", error.kind()))
    }
}

/// Fails unless `seen` is `expected`.
pub(crate) fn expect<T: fmt::Debug + PartialEq<U> + ?Sized, U: fmt::Debug + ?Sized>(
    what: &str,
    seen: &T,
    expected: &U,
) -> Result<(), Failure> {
    if seen == expected {
        return Ok(());
    }
    Err(Failure { expected: clip(expected), seen: clip(seen), ..Failure::new(what) })
}

/// Fails unless `holds`.
pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    Err(Failure::new(what()))
}

/// The `Debug` output of a value, cut if it is long.
pub(crate) fn clip(value: &(impl fmt::Debug + ?Sized)) -> String {
    const MOST: usize = 300;
    let text = format!("{value:?}");
    let length = text.chars().count();
    if length <= MOST {
        return text;
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start}.. ({length} characters)")
}
