//! One backend's run: servers, clients, faults, and the verdict.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::apps::Apps;
use crate::backend::Backend;
use crate::check::{self, FAULTS, Loss};
use crate::client::{self, World};
use crate::faults::{self, Fault, Planned};
use crate::history::{Life, Outcome};

/// What a run is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
    pub(crate) faults: Vec<Fault>,
    pub(crate) sabotage: Option<String>,
    pub(crate) replicas: u32,
}

/// What a run came to.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Verdict {
    pub(crate) backend: String,
    pub(crate) seed: u64,
    pub(crate) seconds: u64,
    pub(crate) sessions: usize,
    pub(crate) requests: u64,
    pub(crate) answered_with_an_error: u64,
    pub(crate) refused_with_409: u64,
    pub(crate) unanswered: u64,
    pub(crate) faults_injected: BTreeMap<&'static str, u64>,
    /// The longest time in which every request failed.
    pub(crate) longest_outage_ms: u64,
    pub(crate) found: BTreeMap<&'static str, u64>,
    /// What was found in sessions that lived through a failover, which may lose what it acknowledged just before.
    pub(crate) found_around_failovers: BTreeMap<&'static str, u64>,
    /// The histories of what was found, shortest first, by their number of requests.
    pub(crate) histories: Vec<(usize, String)>,
}

impl Verdict {
    pub(crate) fn clean(&self) -> bool {
        let apart = |name: &str| self.found_around_failovers.get(name).copied().unwrap_or(0);
        self.found.values().all(|count| *count == 0)
            && apart("stranger") == 0
            && apart("stuck") == 0
    }
}

const CLIENTS: usize = 24;
const SERVERS: usize = 3;

/// How long before the death of a master a write may have been acknowledged and not yet replicated; measured figures are in
/// `docs/reliability.md`.
const REPLICATION: Duration = Duration::from_secs(2);

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(crate) async fn run(name: &str, order: &Order) -> Result<Verdict, Failure> {
    let backend = Arc::new(Backend::start(name).await?);
    let mut args = vec!["--store".to_owned(), backend.url.clone()];
    if let Some(sabotage) = &order.sabotage {
        args.extend(["--sabotage".to_owned(), sabotage.clone()]);
    }
    if crate::backend::fails_over(name) {
        args.extend(["--replicas".to_owned(), order.replicas.to_string()]);
    }
    let apps = Arc::new(Apps::start(SERVERS, &args).await?);
    let kinds: Vec<Fault> = backend
        .faults()
        .into_iter()
        .filter(|fault| order.faults.is_empty() || order.faults.contains(fault))
        .collect();
    let plan = faults::plan(order.seed, order.seconds, &kinds);
    let world = Arc::new(World {
        servers: apps.addresses.clone(),
        began: Instant::now(),
    });
    let tally = Arc::new(Tally::default());
    let end = world.began + Duration::from_secs(order.seconds);

    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let (world, tally, seed) = (Arc::clone(&world), Arc::clone(&tally), order.seed);
        clients.push(tokio::spawn(async move {
            let mut lives = 0;
            while Instant::now() < end {
                lives += 1;
                let marker = format!("c{client}s{lives}");
                let seed = seed ^ ((client as u64) << 32) ^ lives;
                let life = client::live(Arc::clone(&world), marker, seed).await;
                tally.take(life);
            }
        }));
    }
    let losses = Arc::new(Mutex::new(Vec::new()));
    let trouble = tokio::spawn(trouble(
        plan,
        Arc::clone(&world),
        Arc::clone(&backend),
        Arc::clone(&apps),
        Arc::clone(&losses),
        Arc::clone(&tally),
    ));
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(1)).await;
        tally.progress(name, world.began, order.seconds);
    }
    trouble.await??;
    for client in clients {
        client.await?;
    }
    eprintln!();
    let mut lives = std::mem::take(&mut *lock(&tally.lives));
    // What was logged out stays so, a while later too.
    let recent = lives.len().saturating_sub(4000);
    for life in lives.iter_mut().skip(recent) {
        client::haunt(Arc::clone(&world), life).await;
    }
    let losses = lock(&losses).clone();
    Ok(judge(
        name,
        order,
        &lives,
        &losses,
        backend.forgets(),
        &tally,
    ))
}

/// Lets the planned faults happen, one after another, and notes when the backend may have lost something.
async fn trouble(
    plan: Vec<Planned>,
    world: Arc<World>,
    backend: Arc<Backend>,
    apps: Arc<Apps>,
    losses: Arc<Mutex<Vec<Loss>>>,
    tally: Arc<Tally>,
) -> Result<(), Failure> {
    for planned in plan {
        let wait = (world.began + planned.at).saturating_duration_since(Instant::now());
        tokio::time::sleep(wait).await;
        let from = world.began.elapsed();
        *lock(&tally.faults).entry(planned.fault.name()).or_default() += 1;
        if planned.fault == Fault::App {
            apps.crash(planned.which, planned.lasts).await?;
        } else {
            backend.suffer(planned).await?;
        }
        if matches!(planned.fault, Fault::Failover | Fault::Backend) {
            lock(&losses).push(Loss {
                from,
                until: world.began.elapsed(),
            });
        }
    }
    Ok(())
}

fn judge(
    name: &str,
    order: &Order,
    lives: &[Life],
    losses: &[Loss],
    forgets: bool,
    tally: &Tally,
) -> Verdict {
    let mut verdict = Verdict {
        backend: name.to_owned(),
        seed: order.seed,
        seconds: order.seconds,
        sessions: lives.len(),
        requests: tally.requests.load(Ordering::Relaxed),
        answered_with_an_error: tally.errors.load(Ordering::Relaxed),
        refused_with_409: tally.refused.load(Ordering::Relaxed),
        unanswered: tally.unanswered.load(Ordering::Relaxed),
        faults_injected: lock(&tally.faults).clone(),
        longest_outage_ms: outage(lives),
        ..Verdict::default()
    };
    for (_, label) in FAULTS {
        verdict.found.insert(label, 0);
        verdict.found_around_failovers.insert(label, 0);
    }
    let fails_over = crate::backend::fails_over(name);
    for life in lives {
        let evicted = if forgets { losses } else { &[] };
        let violations = check::check(life, evicted);
        if violations.is_empty() {
            continue;
        }
        let (Some(first), Some(last)) = (life.events.first(), life.events.last()) else {
            continue;
        };
        let near = |loss: &Loss| {
            first.start < loss.until + REPLICATION && last.end + REPLICATION > loss.from
        };
        let apart = fails_over && losses.iter().any(near);
        let counts = if apart {
            &mut verdict.found_around_failovers
        } else {
            &mut verdict.found
        };
        for violation in &violations {
            let label = FAULTS.iter().find(|(fault, _)| *fault == violation.fault);
            *counts
                .entry(label.map_or("", |(_, label)| label))
                .or_default() += 1;
        }
        let mut story = format!(
            "session {}{}\n",
            life.marker,
            if apart { " (around a failover)" } else { "" }
        );
        for (at, event) in life.events.iter().enumerate() {
            story += &format!("  {event}\n");
            for violation in violations.iter().filter(|violation| violation.event == at) {
                story += &format!("      ^ {:?}: {}\n", violation.fault, violation.what);
            }
        }
        verdict.histories.push((life.events.len(), story));
    }
    verdict.histories.sort();
    verdict
}

/// The longest time without an answer, beside which some request was waiting.
fn outage(lives: &[Life]) -> u64 {
    let events = lives.iter().flat_map(|life| &life.events);
    let mut answered: Vec<_> = events
        .filter(|event| event.done().is_some())
        .map(|event| event.end)
        .collect();
    answered.sort();
    let gaps = answered.windows(2).filter_map(|pair| match pair {
        [a, b] => Some(b.saturating_sub(*a)),
        _ => None,
    });
    gaps.max()
        .map_or(0, |gap| u64::try_from(gap.as_millis()).unwrap_or(u64::MAX))
}

/// What the clients did so far.
#[derive(Default)]
struct Tally {
    lives: Mutex<Vec<Life>>,
    count: AtomicUsize,
    requests: AtomicU64,
    errors: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
    faults: Mutex<BTreeMap<&'static str, u64>>,
}

impl Tally {
    fn take(&self, life: Life) {
        for event in &life.events {
            self.requests.fetch_add(1, Ordering::Relaxed);
            let counter = match event.outcome {
                Outcome::Done { .. } => continue,
                Outcome::Status(409) => &self.refused,
                Outcome::Status(_) => &self.errors,
                Outcome::Gone(_) | Outcome::Stuck => &self.unanswered,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        lock(&self.lives).push(life);
    }

    fn progress(&self, name: &str, began: Instant, seconds: u64) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        eprint!(
            "\r{name}: {:4}/{seconds} s  {} sessions  {} requests  {} errors  {} refused  {} unanswered  {} faults   ",
            began.elapsed().as_secs(),
            self.count.load(Ordering::Relaxed),
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
