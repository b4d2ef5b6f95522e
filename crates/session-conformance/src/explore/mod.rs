//! Every way in which requests on one session can overlap, run.
//!
//! Requests open a session, do something to it, and save it, each over its own handle on one store. Every operation on the
//! store waits for its turn, and the turns are given in every order there is; with [`Faults::One`], also with every fault at every
//! operation. What comes out of each run is held against a model of sessions that knows nothing of the engine: the
//! answers, what each request saw, and what stands under every id that a browser knows must be what the saves give if they happen
//! one at a time, in some order.

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
use search::Count;

/// Which faults are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// None.
    None,
    /// None or one in a run, at every operation: a failed load; a write that fails, or whose reply is lost, or that is done later,
    /// at any time; the server dies; the save is dropped and begun anew.
    One,
}

/// How much there was to explore.
#[derive(Clone, Copy, Debug, Default)]
pub struct Explored {
    /// Groups of requests: what each does, and which ids they hold.
    pub groups: usize,
    /// Schedules that were run to their end and checked.
    pub runs: usize,
    /// Schedules that were left half-way, because they differ from another only in the order of operations that commute.
    pub cut: usize,
    /// The most operations in one run.
    pub longest: usize,
    /// Whether every schedule was run; `false` if there were more than the limit.
    pub whole: bool,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            groups,
            runs,
            cut,
            longest,
            ..
        } = self;
        let took = self.took.as_secs_f64();
        let part = if self.whole { "" } else { " (not all)" };
        write!(
            f,
            "{groups} groups of requests, {runs} schedules{part}, {cut} more left half-way, at most {longest} operations in one, {took:.1} s"
        )
    }
}

/// Explores two requests, for every pair of actions; at most `most` schedules, the same share for each pair.
///
/// # Errors
///
/// The shortest schedule found, of the first pair for which there is one, that ends in a way that no order explains.
pub async fn two_requests(
    store: Arc<dyn RecordStore>,
    faults: Faults,
    most: usize,
) -> Result<Explored, Box<Failure>> {
    let mut groups = Vec::new();
    for scene in Scene::ALL {
        let actions = scene.actions();
        for (n, a) in actions.iter().enumerate() {
            // The schedules of (a, b) are those of (b, a) with the names exchanged.
            let from = if scene.is_symmetric() { n } else { 0 };
            for b in actions.iter().skip(from) {
                groups.push((scene, vec![*a, *b]));
            }
        }
    }
    explore(store, &groups, faults, most).await
}

/// Explores three requests on one session, for every three actions, without faults; at most `most` schedules.
///
/// # Errors
///
/// As [`two_requests`].
pub async fn three_requests(
    store: Arc<dyn RecordStore>,
    most: usize,
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
    explore(store, &groups, Faults::None, most).await
}

async fn explore(
    store: Arc<dyn RecordStore>,
    groups: &[(Scene, Vec<Action>)],
    faults: Faults,
    most: usize,
) -> Result<Explored, Box<Failure>> {
    let started = Instant::now();
    let mut explored = Explored {
        whole: true,
        ..Explored::default()
    };
    for (n, (scene, actions)) in groups.iter().enumerate() {
        let parts: Vec<_> = actions
            .iter()
            .enumerate()
            .map(|(who, action)| Part {
                action: *action,
                id: scene.id(who),
            })
            .collect();
        let left = most.saturating_sub(explored.runs + explored.cut);
        let share = left / (groups.len() - n);
        let with_faults = faults == Faults::One;
        let Count {
            runs,
            cut,
            longest,
            whole,
        } = search::group(&store, *scene, &parts, with_faults, share).await?;
        explored.groups += 1;
        explored.runs += runs;
        explored.cut += cut;
        explored.longest = explored.longest.max(longest);
        explored.whole &= whole;
    }
    explored.took = started.elapsed();
    Ok(explored)
}
