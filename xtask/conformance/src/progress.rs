//! What is shown while the checks run: one line that counts at a terminal, and a line for each
//! backend elsewhere.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicUsize, Ordering};

use session_conformance::{Checked, Report, Verdict};

#[derive(Debug)]
pub(crate) struct Progress {
    total: usize,
    done: AtomicUsize,
    counts: bool,
}

impl Progress {
    /// Of `total` checks on all backends.
    pub(crate) fn new(total: usize) -> Self {
        Self { total, done: AtomicUsize::new(0), counts: stderr().is_terminal() }
    }

    pub(crate) fn checked(&self, backend: &str, checked: &Checked) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Verdict::Failed(_) = checked.verdict {
            self.say(&format!("{backend} failed {}", checked.name));
        }
        if self.counts {
            eprint!("\r{done} of {} checks done ", self.total);
        }
    }

    pub(crate) fn ended(&self, report: &Report) {
        let (backend, seconds) = (&report.subject, report.took.as_secs_f64());
        let (checks, failed) = (report.checks.len(), report.failures().count());
        self.say(&format!("{backend}: {checks} checks, {failed} failed, {seconds:.1} s"));
    }

    /// A line of its own, over what is left of the one that counts.
    pub(crate) fn say(&self, line: &str) {
        match self.counts {
            true => eprintln!("\r{line:40}"),
            false => eprintln!("{line}"),
        }
    }
}
