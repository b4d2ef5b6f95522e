//! What is measured: one thing, done many times.

use std::fmt;
use std::time::Duration;

/// One thing to measure, for one subject: ours, a peer, or the floor that none can go below.
pub struct Case {
    /// What happens, such as `read`.
    pub scenario: String,
    /// Who does it, such as `ours`.
    pub subject: &'static str,
    /// Whether it runs on the thread that calls it alone, so that its allocations can be counted.
    pub counted: bool,
    /// What it comes to in which unit, where that is not a time.
    pub value: Option<(f64, &'static str)>,
    /// How long one run of it takes, about.
    pub lasts: Duration,
    /// Does it so many times.
    pub run: Box<dyn FnMut(usize)>,
}

/// Cases that are measured together, in turns.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Groups of one name are measured as one.
    pub name: &'static str,
    /// What `--backend` calls it.
    pub backend: &'static str,
    /// Sets the cases up.
    pub cases: fn() -> Vec<Case>,
    /// How many processes measure it, one after the other.
    pub(crate) processes: usize,
    /// How many rounds each of them takes for one that is asked for.
    pub(crate) rounds: usize,
}

/// Long against the clock's grain, short against what else disturbs the machine.
const RUN: Duration = Duration::from_millis(5);

impl Group {
    /// What these cases are called together, and by `--backend`.
    pub const fn new(name: &'static str, backend: &'static str, cases: fn() -> Vec<Case>) -> Self {
        Self {
            name,
            backend,
            cases,
            processes: 1,
            rounds: 1,
        }
    }

    /// Where one round differs from the next by more than what is looked for.
    pub(crate) const fn in_ten_times_the_rounds(mut self) -> Self {
        self.rounds = 10;
        self
    }

    /// Where one process differs from the next by more than what is looked for: where code and data happen to lie is the same for
    /// all its rounds.
    pub(crate) const fn in_ten_processes(mut self) -> Self {
        self.processes = 10;
        self
    }
}

impl Case {
    /// A case whose work stays on the thread that runs it.
    pub fn new(
        scenario: impl Into<String>,
        subject: &'static str,
        run: impl FnMut(usize) + 'static,
    ) -> Self {
        Self {
            scenario: scenario.into(),
            subject,
            counted: true,
            value: None,
            lasts: RUN,
            run: Box::new(run),
        }
    }

    /// A number that is no time, and was measured already.
    pub fn fixed(
        scenario: impl Into<String>,
        subject: &'static str,
        value: f64,
        unit: &'static str,
    ) -> Self {
        Self {
            value: Some((value, unit)),
            ..Self::new(scenario, subject, |_| ())
        }
        .uncounted()
    }

    /// Keeps what it needs, such as a server, as long as it lives.
    #[must_use]
    pub fn keeping<T: Clone + 'static>(mut self, needed: &T) -> Self {
        let (needed, mut run) = (needed.clone(), self.run);
        self.run = Box::new(move |times| {
            let _kept = &needed;
            run(times);
        });
        self
    }

    /// A case with runs ten times as long. Cases in turns displace each other from the processor's caches; in runs this long, what
    /// the others displaced hardly counts, as in a server that has one store.
    #[must_use]
    pub fn long(mut self) -> Self {
        self.lasts *= 10;
        self
    }

    /// A case that uses other threads, or waits for a server.
    #[must_use]
    pub fn uncounted(mut self) -> Self {
        self.counted = false;
        self
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({}, {})", self.scenario, self.subject)
    }
}
