//! One thing to measure, done many times.

use std::fmt;

/// A scenario, done by one subject: us, a peer, or an application without sessions.
pub struct Case {
    pub(crate) scenario: String,
    pub(crate) subject: &'static str,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    /// Does it so many times, and is timed.
    Timed(Box<dyn FnMut(usize)>),
    /// A number that is not a time, already counted, and its unit.
    Counted(f64, &'static str),
}

/// Cases that take turns.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The cases of all groups of one name take turns.
    pub name: &'static str,
    /// What `--backend` calls it.
    pub backend: &'static str,
    /// Sets the cases up.
    pub cases: fn() -> Vec<Case>,
}

impl Case {
    /// A case whose `run` does something so many times.
    pub fn timed(
        scenario: impl Into<String>,
        subject: &'static str,
        run: impl FnMut(usize) + 'static,
    ) -> Self {
        Self { scenario: scenario.into(), subject, work: Work::Timed(Box::new(run)) }
    }

    /// A number that is not a time.
    pub fn counted(
        scenario: impl Into<String>,
        subject: &'static str,
        number: f64,
        unit: &'static str,
    ) -> Self {
        Self { scenario: scenario.into(), subject, work: Work::Counted(number, unit) }
    }

    /// Keeps `needed`, such as a running server, for as long as the case exists.
    #[must_use]
    pub fn keeping<T: Clone + 'static>(mut self, needed: &T) -> Self {
        if let Work::Timed(mut run) = self.work {
            let needed = needed.clone();
            self.work = Work::Timed(Box::new(move |times| {
                let _needed = &needed;
                run(times);
            }));
        }
        self
    }
}

impl Group {
    /// A group of cases.
    pub const fn new(name: &'static str, backend: &'static str, cases: fn() -> Vec<Case>) -> Self {
        Self { name, backend, cases }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({}, {})", self.scenario, self.subject)
    }
}
