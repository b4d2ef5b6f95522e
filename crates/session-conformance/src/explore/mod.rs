//! Runs every way in which requests on one session can overlap.
//!
//! Each request opens a session, changes it, and saves it, through a handle of its own on one
//! store. Every store operation waits until the explorer permits it, and the explorer tries every
//! order; with [`Faults::One`], also every fault at every operation. Each run is compared with a
//! model of sessions that knows nothing of the engine: the answers, what each request saw, and what
//! is under every id that a browser knows must be what the saves give if they happen one at a time,
//! in some order.
//!
//! | file | holds |
//! | --- | --- |
//! | `action`, `scene` | what a request does; which sessions there are before |
//! | `gate`, `request`, `execution` | one run: requests whose store operations wait for a permit |
//! | `choice`, `search` | all runs: every order, every fault |
//! | `content`, `world`, `model`, `check` | the model, and whether it explains a run |
//! | `outcomes`, `report` | the failure message |

mod action;
mod check;
mod choice;
mod content;
mod execution;
mod gate;
mod model;
mod outcomes;
mod report;
mod request;
mod scene;
mod search;
mod world;

pub use action::Action;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::RecordStore;

use crate::Failure;
use scene::{Part, Scene};

/// Which faults are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// None.
    None,
    /// At most one in a run, at every operation: a load fails; a write fails, loses its reply, or
    /// is executed later; the server dies; the save is dropped and repeated.
    One,
}

/// How much was explored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Explored {
    /// Groups of requests: what each does, and which ids they have.
    pub groups: usize,
    /// Schedules that were run to their end, and checked.
    pub runs: usize,
    /// Schedules that were stopped, because they differ from another only in the order of
    /// operations that commute.
    pub stopped: usize,
    /// The most operations in one run.
    pub longest: usize,
    /// Whether every schedule was run; `false` if there are more than the limit.
    pub complete: bool,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { groups, runs, stopped, longest, .. } = self;
        let took = self.took.as_secs_f64();
        let part = if self.complete { "" } else { " (not all)" };
        write!(
            f,
            "{groups} groups of requests, {runs} schedules{part}, {stopped} equal to others, \
             at most {longest} operations in one, {took:.1} s"
        )
    }
}

/// Explores two requests, for every pair of actions. Runs at most `limit` schedules, the same share
/// for each pair.
///
/// # Errors
///
/// The shortest schedule found whose result no order of the requests explains, of the first pair
/// that has one.
pub async fn two_requests(
    store: Arc<dyn RecordStore>,
    faults: Faults,
    limit: usize,
) -> Result<Explored, Box<Failure>> {
    two_requests_with_skew(store, faults, Duration::ZERO, limit).await
}

/// Explores two requests on two servers; the clock of the second one is ahead by `skew`, less than
/// [`SessionPolicy::CLOCK_SKEW`](session_core::SessionPolicy::CLOCK_SKEW).
///
/// # Errors
///
/// As [`two_requests`].
pub async fn two_requests_with_skew(
    store: Arc<dyn RecordStore>,
    faults: Faults,
    skew: Duration,
    limit: usize,
) -> Result<Explored, Box<Failure>> {
    let mut groups = Vec::new();
    for scene in Scene::ALL {
        let actions = scene.actions();
        for (n, a) in actions.iter().enumerate() {
            // The schedules of (a, b) are those of (b, a) with the requests' names exchanged.
            let from = if scene.is_symmetric() && skew.is_zero() { n } else { 0 };
            for b in actions.iter().skip(from) {
                groups.push((scene, vec![*a, *b]));
            }
        }
    }
    explore(store, &groups, faults, skew, limit).await
}

/// Explores three requests on one session, for every three actions, without faults. Runs at most
/// `limit` schedules.
///
/// # Errors
///
/// As [`two_requests`].
pub async fn three_requests(
    store: Arc<dyn RecordStore>,
    limit: usize,
) -> Result<Explored, Box<Failure>> {
    let actions: Vec<_> = Action::once().collect();
    let mut groups = Vec::new();
    for (n, a) in actions.iter().enumerate() {
        for (m, b) in actions.iter().enumerate().skip(n) {
            for c in actions.iter().skip(m) {
                groups.push((Scene::One, vec![*a, *b, *c]));
            }
        }
    }
    explore(store, &groups, Faults::None, Duration::ZERO, limit).await
}

async fn explore(
    store: Arc<dyn RecordStore>,
    groups: &[(Scene, Vec<Action>)],
    faults: Faults,
    skew: Duration,
    limit: usize,
) -> Result<Explored, Box<Failure>> {
    let started = Instant::now();
    let mut explored = Explored { complete: true, ..Explored::default() };
    for (n, (scene, actions)) in groups.iter().enumerate() {
        let parts: Vec<_> = actions
            .iter()
            .enumerate()
            .map(|(who, action)| Part { action: *action, id: scene.id(who) })
            .collect();
        let remaining = limit.saturating_sub(explored.runs + explored.stopped);
        let share = remaining / (groups.len() - n);
        let with_faults = faults == Faults::One;
        let count = search::group(&store, (*scene, skew), &parts, with_faults, share).await?;
        explored.groups += 1;
        explored.runs += count.runs;
        explored.stopped += count.stopped;
        explored.longest = explored.longest.max(count.longest);
        explored.complete &= count.complete;
    }
    explored.took = started.elapsed();
    Ok(explored)
}
