//! Depth first through every schedule of a group of requests.
//!
//! A schedule is a list of choices. A run follows the list that it is given, then always takes the
//! first choice, and notes the alternatives; the next run differs in the last place that has one.
//! Nothing is sampled. Schedules that differ only in the order of operations that commute are run
//! once ("sleep sets", Godefroid 1996): if a choice was tried before, and everything done since
//! commutes with it, then trying it again leads to the same result.

use std::sync::Arc;
use std::time::Duration;

use session_core::{RecordStore, Result};

use super::choice::Choice;
use super::execution::Execution;
use super::report;
use super::scene::{Part, Scene};
use crate::Failure;

/// A run with more operations than this has a save that never ends.
const STEP_LIMIT: usize = 120;

/// How many runs it took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    /// Complete runs, each with its own schedule.
    pub(super) runs: usize,
    /// Runs that were stopped, since another has the same result.
    pub(super) stopped: usize,
    /// The most operations in one run.
    pub(super) longest: usize,
    /// Whether all schedules were run.
    pub(super) complete: bool,
}

/// A place with alternatives.
struct Fork {
    choices: Vec<Choice>,
    taken: usize,
    /// What need not be tried here.
    asleep: Vec<Choice>,
}

/// Runs every schedule of `parts`, but at most `limit`.
pub(super) async fn group(
    store: &Arc<dyn RecordStore>,
    (scene, skew): (Scene, Duration),
    parts: &[Part],
    faults: bool,
    limit: usize,
) -> Result<Count, Box<Failure>> {
    let mut forks: Vec<Fork> = Vec::new();
    let mut count = Count::default();
    let mut shortest: Option<(usize, Failure)> = None;
    // After a failure, a few more runs look for a shorter one.
    let mut remaining = limit;
    while remaining > 0 {
        remaining -= 1;
        let mut run = match Execution::new(store, scene, skew, parts).await {
            Ok(run) => run,
            Err(error) => return Err(Box::new(report::not_set_up(parts, &error))),
        };
        let end = match follow(&mut run, &mut forks, faults).await {
            Ok(end) => end,
            Err(error) => {
                let what = format!("after the requests, the store failed: {error}");
                End::Bad(Box::new(report::unexplained(&run, &what, None)))
            }
        };
        run.clean_up().await;
        // Nothing waits on a store in memory, so that other tasks would not run for minutes.
        tokio::task::yield_now().await;
        match end {
            End::Same => count.stopped += 1,
            End::Good => count.runs += 1,
            End::Bad(failure) => {
                let length = run.lines.len();
                if shortest.as_ref().is_none_or(|(best, _)| length < *best) {
                    shortest = Some((length, *failure));
                }
                remaining = remaining.min(200);
            }
        }
        count.longest = count.longest.max(run.lines.len());
        if !next(&mut forks) {
            count.complete = true;
            break;
        }
    }
    match shortest {
        Some((_, failure)) => Err(Box::new(failure)),
        None => Ok(count),
    }
}

enum End {
    Good,
    Bad(Box<Failure>),
    /// Another run has the same result.
    Same,
}

async fn follow(run: &mut Execution, forks: &mut Vec<Fork>, faults: bool) -> Result<End> {
    let mut asleep: Vec<Choice> = Vec::new();
    for depth in 0.. {
        if depth == STEP_LIMIT {
            let what = "a save does not come to an end";
            return Ok(End::Bad(Box::new(report::unexplained(run, what, None))));
        }
        let choices = run.choices(faults);
        if choices.is_empty() {
            break;
        }
        if run.is_at_rest() && run.awaits_late() {
            // Everything must be correct without the late write too: it may never be executed.
            if let Some(failure) = judge(run).await? {
                return Ok(End::Bad(failure));
            }
        }
        if depth == forks.len() {
            let awake = |choice: &Choice| !asleep.contains(choice);
            let choices: Vec<_> = choices.into_iter().filter(awake).collect();
            if choices.is_empty() {
                return Ok(End::Same);
            }
            forks.push(Fork { choices, taken: 0, asleep: std::mem::take(&mut asleep) });
        }
        let Some(fork) = forks.get(depth) else { break };
        let Some(choice) = fork.choices.get(fork.taken).copied() else {
            break;
        };
        let tried = fork.choices.iter().take(fork.taken);
        let tried = fork.asleep.iter().chain(tried).copied();
        asleep = tried.filter(|other| run.commute(*other, choice)).collect();
        run.step(choice).await;
    }
    Ok(match judge(run).await? {
        Some(failure) => End::Bad(failure),
        None => End::Good,
    })
}

/// Finds the next schedule; `false` if there is none.
fn next(forks: &mut Vec<Fork>) -> bool {
    while let Some(fork) = forks.last_mut() {
        fork.taken += 1;
        if fork.taken < fork.choices.len() {
            return true;
        }
        forks.pop();
    }
    false
}

/// What is wrong with a run that has ended.
async fn judge(run: &mut Execution) -> Result<Option<Box<Failure>>> {
    let last = run.look().await?;
    let what = if !run.gives_only_own_ids() {
        "a response names an id that its request did not make"
    } else if !run.is_explained(last) {
        "no order of the requests, one at a time, gives what was seen"
    } else if run.is_changed_by_late(last) {
        "a late write changed what was there after the responses had been sent"
    } else {
        return Ok(None);
    };
    Ok(Some(Box::new(report::unexplained(run, what, Some(last)))))
}
