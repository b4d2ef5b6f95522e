//! Runs checks on a subject.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::check::{Check, Promise, Result, checks};
use crate::context::Context;
use crate::trace::Trace;
use crate::{Checked, Failure, Report, Subject, Verdict};

/// How many checks run at the same time.
const AT_ONCE: usize = 8;

/// Runs every check on `subject`. Needs a tokio runtime.
///
/// ```
/// # #[tokio::main]
/// # async fn main() {
/// use session_store_memory::MemoryStore;
///
/// let report = session_conformance::run(|| async { MemoryStore::new() }).await;
/// assert!(report.passed(), "{report}");
/// # }
/// ```
pub async fn run(subject: impl Into<Subject>) -> Report {
    run_checks(subject, checks(), |_| {}).await
}

/// Runs the `chosen` checks, and calls `progress` after each.
pub async fn run_checks(
    subject: impl Into<Subject>,
    chosen: impl IntoIterator<Item = &'static Check>,
    mut progress: impl FnMut(&Checked),
) -> Report {
    let subject = subject.into();
    let started = Instant::now();
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    let mut total = 0;
    for (place, check) in chosen.into_iter().enumerate() {
        let (subject, turns) = (subject.clone(), Arc::clone(&turns));
        running.spawn(async move {
            let _turn = turns.acquire().await;
            (place, run_one(&subject, check).await)
        });
        total = place + 1;
    }
    let mut done = Vec::with_capacity(total);
    while let Some(ended) = running.join_next().await {
        if let Ok((place, checked)) = ended {
            progress(&checked);
            done.push((place, checked));
        }
    }
    done.sort_by_key(|(place, _)| *place);
    Report {
        subject: subject.name,
        checks: done.into_iter().map(|(_, checked)| checked).collect(),
        took: started.elapsed(),
    }
}

pub(crate) async fn run_one(subject: &Subject, check: &'static Check) -> Checked {
    let started = Instant::now();
    let declared = subject.cannot.iter().find(|(promise, _)| check.needs.contains(promise));
    let verdict = match declared {
        Some((_, why)) => Verdict::Declared { why: why.clone() },
        None => {
            let trace = Trace::default();
            let attempt = attempt(subject.clone(), check, trace.clone()).await;
            attempt.unwrap_or_else(|mut failure| {
                if failure.operations.is_empty() {
                    failure.operations = trace.operations();
                }
                Verdict::Failed(failure)
            })
        }
    };
    Checked {
        name: check.name,
        level: check.level,
        harm: check.harm,
        verdict,
        took: started.elapsed(),
    }
}

/// Runs a check in a task of its own, so that a store that panics or hangs fails only that check.
async fn attempt(subject: Subject, check: &'static Check, trace: Trace) -> Result<Verdict> {
    let work = tokio::spawn(async move {
        let fixture = (subject.make)().await;
        if check.needs.contains(&Promise::Share) && fixture.reopen.is_none() {
            let why = "it does not declare that its records survive a restart: Fixture::reopen";
            return Ok(Verdict::Declared { why: why.into() });
        }
        let context = Context::new(fixture, trace.clone(), &subject);
        (check.run)(context).await?;
        let remark = trace.remark();
        Ok(Verdict::Passed { remark })
    });
    let stop = work.abort_handle();
    let limit = check.level.time_limit();
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(result)) => result,
        Ok(Err(panicked)) => Err(Failure::new(panic_message(panicked))),
        Err(_) => {
            stop.abort();
            Err(Failure::new(format!(
                "not done after {limit:?}; a store limits the time of its operations"
            )))
        }
    }
}

fn panic_message(error: tokio::task::JoinError) -> String {
    let Ok(payload) = error.try_into_panic() else {
        return "the check was cancelled".to_owned();
    };
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied());
    format!("panicked: {}", text.unwrap_or("without a message"))
}
