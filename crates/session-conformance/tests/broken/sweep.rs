//! Sweeping that goes too far.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{Condition, PutOutcome, RecordKey, RecordStore, StoreError};

use crate::flaw::{Case, Flaw, Put, Write, case};
use crate::plain::{Plain, name};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<SweepsEverything>(
            "Takes the first records that come, whether they have expired or not.",
            "record/sweep/sweep_spares_live_records",
        ),
        case::<SweepsWithoutLimit>(
            "Takes the limit for a hint.",
            "record/sweep/sweep_respects_its_limit",
        ),
        case::<SweepsByItsOldList>(
            "Remembers the deadlines that records once had, and does not look again.",
            "record/sweep/sweep_spares_renewed_records",
        ),
    ]
}

#[derive(Debug, Default)]
struct SweepsEverything;

#[async_trait]
impl Flaw for SweepsEverything {
    async fn sweep(&self, plain: &Plain, limit: usize) -> Result<usize, StoreError> {
        let mut state = plain.lock();
        let names: Vec<_> = state.records.keys().take(limit).cloned().collect();
        for name in &names {
            state.records.remove(name);
        }
        Ok(names.len())
    }
}

#[derive(Debug, Default)]
struct SweepsWithoutLimit;

#[async_trait]
impl Flaw for SweepsWithoutLimit {
    async fn sweep(&self, plain: &Plain, _: usize) -> Result<usize, StoreError> {
        plain.sweep(usize::MAX).await
    }
}

#[derive(Debug, Default)]
struct SweepsByItsOldList(Mutex<Vec<(String, Duration)>>);

#[async_trait]
impl Flaw for SweepsByItsOldList {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let inserted = condition == Condition::IfAbsent;
        let put = plain.put(key, body, ttl, condition).await?;
        if inserted && put != PutOutcome::Refused {
            let expires = plain.lock().now.saturating_add(ttl);
            self.0.lock().unwrap().push((name(key), expires));
        }
        Ok(put)
    }

    async fn sweep(&self, plain: &Plain, limit: usize) -> Result<usize, StoreError> {
        let mut state = plain.lock();
        let now = state.now;
        let list = self.0.lock().unwrap();
        let due = list.iter().filter(|(_, expires)| *expires <= now);
        Ok(due.take(limit).filter(|(name, _)| state.records.remove(name).is_some()).count())
    }
}
