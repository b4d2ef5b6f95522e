//! The faults of a run, and when they happen: a plan made from the seed.

use std::time::Duration;

use fastrand::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An application server is killed and started again.
    App,
    /// The backend, or one of its servers, is killed and started again.
    Backend,
    /// The master is killed, so that a replica takes over, and started again later.
    Failover,
    /// The replies of the backend are delayed.
    Delay,
    /// The connections to the backend are closed.
    Cut,
    /// The connections to the backend are closed after a request and before its reply.
    CutReplies,
    /// The file system is full for a while.
    Full,
    /// The file system is read-only for a while.
    ReadOnly,
}

/// The names that `--fault` takes.
pub(crate) const NAMES: [(&str, Fault); 8] = [
    ("app", Fault::App),
    ("backend", Fault::Backend),
    ("failover", Fault::Failover),
    ("delay", Fault::Delay),
    ("cut", Fault::Cut),
    ("cut-replies", Fault::CutReplies),
    ("full", Fault::Full),
    ("read-only", Fault::ReadOnly),
];

/// A fault of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    /// Since the start of the run.
    pub(crate) at: Duration,
    pub(crate) fault: Fault,
    pub(crate) lasts: Duration,
    /// Chooses the server, modulo their number.
    pub(crate) which: usize,
}

/// Plans the faults of a run. The same seed gives the same plan.
pub(crate) fn plan(seed: u64, seconds: u64, faults: &[Fault]) -> Vec<Planned> {
    let mut rng = Rng::with_seed(seed);
    let mut plan = Vec::new();
    let mut at = Duration::from_millis(1500);
    // No faults at the end of the run, so that the last requests of each client succeed.
    let end = Duration::from_secs(seconds.saturating_sub(3));
    while at < end && !faults.is_empty() {
        let fault = faults.get(rng.usize(0..faults.len())).copied();
        let Some(fault) = fault else { break };
        // How long the fault lasts, from and to, and how long the backend recovers, in
        // milliseconds.
        let (shortest, longest, recovery) = match fault {
            Fault::App => (100, 600, 400),
            Fault::Backend => (200, 1500, 2500),
            Fault::Failover => (4000, 6000, 12_000),
            Fault::Delay => (500, 2500, 500),
            Fault::Cut | Fault::CutReplies => (50, 1000, 1500),
            Fault::Full | Fault::ReadOnly => (300, 1500, 800),
        };
        let lasts = Duration::from_millis(rng.u64(shortest..longest));
        plan.push(Planned { at, fault, lasts, which: rng.usize(0..1000) });
        at += lasts + Duration::from_millis(recovery + rng.u64(0..1500));
    }
    plan
}

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_plan() {
        let faults = [Fault::App, Fault::Backend, Fault::Cut];
        assert_eq!(plan(7, 60, &faults), plan(7, 60, &faults));
        assert_ne!(plan(7, 60, &faults), plan(8, 60, &faults));
        assert!(plan(7, 60, &faults).len() > 5);
    }
}
