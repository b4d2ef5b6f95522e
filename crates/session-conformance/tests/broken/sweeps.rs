//! Sweeping that goes too far.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{Condition, PutOutcome, RecordKey, RecordStore, StoreError};

use super::plain::name;
use super::{Case, Flaw, Plain, Put, case};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<SweepsEverything>("record/sweep_spares_what_lives"),
        case::<SweepsWithoutLimit>("record/sweep_keeps_to_its_limit"),
        case::<SweepsByItsOldList>("record/sweep_rechecks_what_was_renewed"),
    ]
}

/// Takes the first records that come, whether they have expired or not.
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

/// Takes the limit for a hint.
#[derive(Debug, Default)]
struct SweepsWithoutLimit;

#[async_trait]
impl Flaw for SweepsWithoutLimit {
    async fn sweep(&self, plain: &Plain, _: usize) -> Result<usize, StoreError> {
        plain.sweep(usize::MAX).await
    }
}

/// Remembers the deadlines that records once had, and does not look again.
#[derive(Debug, Default)]
struct SweepsByItsOldList(Mutex<Vec<(String, Duration)>>);

#[async_trait]
impl Flaw for SweepsByItsOldList {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
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
        Ok(due
            .take(limit)
            .filter(|(name, _)| state.records.remove(name).is_some())
            .count())
    }
}
