//! The run on one backend: servers, clients, faults, and the verdict.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::apps::Apps;
use crate::backend::{self, Backend};
use crate::check::{self, KINDS, LossWindow};
use crate::client::{self, Setup};
use crate::faults::{self, Fault, Planned};
use crate::history::{History, Outcome};

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
    /// The faults to inject; all that the backend can have, if empty.
    pub(crate) faults: Vec<Fault>,
    pub(crate) sabotage: Option<String>,
    /// How many replicas must confirm a write.
    pub(crate) replicas: u32,
    /// By how many seconds the clocks of the servers differ at most.
    pub(crate) skew: u64,
}

/// The result of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Verdict {
    pub(crate) backend: String,
    pub(crate) seed: u64,
    pub(crate) seconds: u64,
    pub(crate) skew: u64,
    pub(crate) sessions: usize,
    pub(crate) requests: u64,
    pub(crate) answered_with_an_error: u64,
    pub(crate) refused_with_409: u64,
    pub(crate) unanswered: u64,
    pub(crate) faults_injected: BTreeMap<&'static str, u64>,
    /// The longest time between two successful answers.
    pub(crate) longest_outage_ms: u64,
    /// The violations, by kind.
    pub(crate) found: BTreeMap<&'static str, u64>,
    /// The violations in sessions that a failover may have affected. Redis may lose a write that it
    /// acknowledged just before.
    pub(crate) found_around_failovers: BTreeMap<&'static str, u64>,
    /// The histories with violations, shortest first, with their number of requests.
    pub(crate) histories: Vec<(usize, String)>,
}

impl Verdict {
    /// Whether nothing was found, except what a failover of Redis explains.
    pub(crate) fn clean(&self) -> bool {
        let around = |name: &str| self.found_around_failovers.get(name).copied().unwrap_or(0);
        self.found.values().all(|count| *count == 0)
            && around("stranger") == 0
            && around("stuck") == 0
    }
}

const CLIENTS: usize = 24;
const SERVERS: usize = 3;

/// How long before its master dies a write may be acknowledged and not yet replicated. Measured
/// figures are in `docs/reliability.md`.
const REPLICATION: Duration = Duration::from_secs(2);

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(crate) async fn run(name: &str, options: &Options) -> Result<Verdict, Failure> {
    let backend = Arc::new(Backend::start(name).await?);
    let mut args = vec!["--store".to_owned(), backend.url.clone()];
    if let Some(sabotage) = &options.sabotage {
        args.extend(["--sabotage".to_owned(), sabotage.clone()]);
    }
    if backend::fails_over(name) {
        args.extend(["--replicas".to_owned(), options.replicas.to_string()]);
    }
    let apps = Arc::new(Apps::start(SERVERS, &args, options.skew).await?);
    let kinds: Vec<Fault> = backend
        .faults()
        .into_iter()
        .filter(|fault| options.faults.is_empty() || options.faults.contains(fault))
        .collect();
    let plan = faults::plan(options.seed, options.seconds, &kinds);
    let setup = Arc::new(Setup { servers: apps.addresses.clone(), start: Instant::now() });
    let progress = Arc::new(Progress::default());
    let end = setup.start + Duration::from_secs(options.seconds);

    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let (setup, progress, seed) = (Arc::clone(&setup), Arc::clone(&progress), options.seed);
        clients.push(tokio::spawn(async move {
            let mut sessions = 0;
            while Instant::now() < end {
                sessions += 1;
                let marker = format!("c{client}s{sessions}");
                let seed = seed ^ ((client as u64) << 32) ^ sessions;
                let history = client::run(Arc::clone(&setup), marker, seed).await;
                progress.add(history);
            }
        }));
    }
    let losses = Arc::new(Mutex::new(Vec::new()));
    let faults = tokio::spawn(inject(
        plan,
        Arc::clone(&setup),
        Arc::clone(&backend),
        Arc::clone(&apps),
        Arc::clone(&losses),
        Arc::clone(&progress),
    ));
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(1)).await;
        progress.print(name, setup.start, options.seconds);
    }
    faults.await??;
    for client in clients {
        client.await?;
    }
    eprintln!();
    let mut histories = std::mem::take(&mut *lock(&progress.histories));
    // A session that was logged out must not come back later either.
    let recent = histories.len().saturating_sub(4000);
    for history in histories.iter_mut().skip(recent) {
        client::read_after_logout(Arc::clone(&setup), history).await;
    }
    let losses = lock(&losses).clone();
    Ok(verdict(name, options, &histories, &losses, backend.forgets(), &progress))
}

/// Injects the planned faults, one after another. Notes in `losses` when the backend may have lost
/// records.
async fn inject(
    plan: Vec<Planned>,
    setup: Arc<Setup>,
    backend: Arc<Backend>,
    apps: Arc<Apps>,
    losses: Arc<Mutex<Vec<LossWindow>>>,
    progress: Arc<Progress>,
) -> Result<(), Failure> {
    for planned in plan {
        let wait = (setup.start + planned.at).saturating_duration_since(Instant::now());
        tokio::time::sleep(wait).await;
        let from = setup.start.elapsed();
        *lock(&progress.faults).entry(planned.fault.name()).or_default() += 1;
        if planned.fault == Fault::App {
            apps.crash(planned.which, planned.lasts).await?;
        } else {
            backend.suffer(planned).await?;
        }
        if matches!(planned.fault, Fault::Failover | Fault::Backend) {
            lock(&losses).push(LossWindow { from, until: setup.start.elapsed() });
        }
    }
    Ok(())
}

fn verdict(
    name: &str,
    options: &Options,
    histories: &[History],
    losses: &[LossWindow],
    forgets: bool,
    progress: &Progress,
) -> Verdict {
    let mut verdict = Verdict {
        backend: name.to_owned(),
        seed: options.seed,
        seconds: options.seconds,
        skew: options.skew,
        sessions: histories.len(),
        requests: progress.requests.load(Ordering::Relaxed),
        answered_with_an_error: progress.errors.load(Ordering::Relaxed),
        refused_with_409: progress.refused.load(Ordering::Relaxed),
        unanswered: progress.unanswered.load(Ordering::Relaxed),
        faults_injected: lock(&progress.faults).clone(),
        longest_outage_ms: longest_outage(histories),
        ..Verdict::default()
    };
    for (_, label) in KINDS {
        verdict.found.insert(label, 0);
        verdict.found_around_failovers.insert(label, 0);
    }
    let fails_over = backend::fails_over(name);
    for history in histories {
        let evicted = if forgets { losses } else { &[] };
        let violations = check::check(history, evicted);
        if violations.is_empty() {
            continue;
        }
        let (Some(first), Some(last)) = (history.events.first(), history.events.last()) else {
            continue;
        };
        let near = |loss: &LossWindow| {
            first.start < loss.until + REPLICATION && last.end + REPLICATION > loss.from
        };
        let around_failover = fails_over && losses.iter().any(near);
        let counts =
            if around_failover { &mut verdict.found_around_failovers } else { &mut verdict.found };
        for violation in &violations {
            let label = KINDS.iter().find(|(kind, _)| *kind == violation.kind);
            *counts.entry(label.map_or("", |(_, label)| label)).or_default() += 1;
        }
        let mut text = format!(
            "session {}{}\n",
            history.marker,
            if around_failover { " (around a failover)" } else { "" }
        );
        for (index, event) in history.events.iter().enumerate() {
            text += &format!("  {event}\n");
            for violation in violations.iter().filter(|violation| violation.event == index) {
                text += &format!("      ^ {:?}: {}\n", violation.kind, violation.what);
            }
        }
        verdict.histories.push((history.events.len(), text));
    }
    verdict.histories.sort();
    verdict
}

/// The longest time between two successful answers, in milliseconds.
fn longest_outage(histories: &[History]) -> u64 {
    let events = histories.iter().flat_map(|history| &history.events);
    let mut answered: Vec<_> =
        events.filter(|event| event.done().is_some()).map(|event| event.end).collect();
    answered.sort();
    let gaps = answered.windows(2).filter_map(|pair| match pair {
        [a, b] => Some(b.saturating_sub(*a)),
        _ => None,
    });
    gaps.max().map_or(0, |gap| u64::try_from(gap.as_millis()).unwrap_or(u64::MAX))
}

/// What the clients have done so far.
#[derive(Default)]
struct Progress {
    histories: Mutex<Vec<History>>,
    sessions: AtomicUsize,
    requests: AtomicU64,
    errors: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
    faults: Mutex<BTreeMap<&'static str, u64>>,
}

impl Progress {
    fn add(&self, history: History) {
        for event in &history.events {
            self.requests.fetch_add(1, Ordering::Relaxed);
            let counter = match event.outcome {
                Outcome::Done { .. } => continue,
                Outcome::Status(409) => &self.refused,
                Outcome::Status(_) => &self.errors,
                Outcome::Disconnected(_) | Outcome::Stuck => &self.unanswered,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.sessions.fetch_add(1, Ordering::Relaxed);
        lock(&self.histories).push(history);
    }

    fn print(&self, name: &str, start: Instant, seconds: u64) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        eprint!(
            "\r{name}: {:4}/{seconds} s  {} sessions  {} requests  {} errors  {} refused  \
             {} unanswered  {} faults   ",
            start.elapsed().as_secs(),
            self.sessions.load(Ordering::Relaxed),
            load(&self.requests),
            load(&self.errors),
            load(&self.refused),
            load(&self.unanswered),
            lock(&self.faults).values().sum::<u64>(),
        );
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
