//! Records that are forgotten too early, or half.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{Condition, PutOutcome, RecordKey, RecordStore};

use super::plain::name;
use super::{Case, Flaw, Plain, Put, case};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<ForgetsSecondsTooEarly>("record/kept_until_the_ttl_has_passed"),
        case::<TakesTheTtlForMilliseconds>("record/kept_until_the_ttl_has_passed"),
        case::<RoundsTheTtlDown>("record/kept_until_the_ttl_has_passed"),
        case::<KeepsTheFirstDeadline>("record/a_write_renews_the_ttl"),
        case::<RefusedMovesTheDeadline>("record/a_refused_write_leaves_the_ttl"),
        case::<MoreThanAMonthIsADate>("record/long_ttls_are_kept"),
        case::<CountsSecondsIn32Bits>("record/long_ttls_are_kept"),
        case::<WritesWhatHasExpired>("record/after_the_ttl_whole_or_gone"),
    ]
}

/// Forgets three seconds early, "to be on the safe side".
#[derive(Debug, Default)]
struct ForgetsSecondsTooEarly;

#[async_trait]
impl Flaw for ForgetsSecondsTooEarly {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let ttl = ttl.saturating_sub(Duration::from_secs(3));
        plain.put(key, body, ttl, condition).await
    }
}

/// Gives a backend that counts in milliseconds the seconds.
#[derive(Debug, Default)]
struct TakesTheTtlForMilliseconds;

#[async_trait]
impl Flaw for TakesTheTtlForMilliseconds {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let ttl = Duration::from_millis(ttl.as_secs());
        plain.put(key, body, ttl, condition).await
    }
}

/// Counts in whole seconds, and cuts off the rest.
#[derive(Debug, Default)]
struct RoundsTheTtlDown;

#[async_trait]
impl Flaw for RoundsTheTtlDown {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let ttl = Duration::from_secs(ttl.as_secs());
        plain.put(key, body, ttl, condition).await
    }
}

/// An update does not touch the deadline.
#[derive(Debug, Default)]
struct KeepsTheFirstDeadline;

#[async_trait]
impl Flaw for KeepsTheFirstDeadline {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let old = plain.lock().get(&name(key)).map(|entry| entry.expires);
        let put = plain.put(key, body, ttl, condition).await?;
        if let (PutOutcome::Stored(_), Some(old)) = (&put, old) {
            let mut state = plain.lock();
            state.records.get_mut(&name(key)).unwrap().expires = old;
        }
        Ok(put)
    }
}

/// Sets the deadline first, and then compares.
#[derive(Debug, Default)]
struct RefusedMovesTheDeadline;

#[async_trait]
impl Flaw for RefusedMovesTheDeadline {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        {
            let mut state = plain.lock();
            let expires = state.now.saturating_add(ttl);
            if let Some(entry) = state.records.get_mut(&name(key)) {
                entry.expires = expires;
            }
        }
        plain.put(key, body, ttl, condition).await
    }
}

/// More than thirty days is taken for a date in 1970, as with memcached.
#[derive(Debug, Default)]
struct MoreThanAMonthIsADate;

#[async_trait]
impl Flaw for MoreThanAMonthIsADate {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let month = Duration::from_secs(30 * 24 * 3600);
        let ttl = if ttl > month { Duration::ZERO } else { ttl };
        plain.put(key, body, ttl, condition).await
    }
}

/// Counts seconds in 32 bits, and starts from 0 after the last.
#[derive(Debug, Default)]
struct CountsSecondsIn32Bits;

#[async_trait]
impl Flaw for CountsSecondsIn32Bits {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let signed = ttl.as_secs() as i32;
        let ttl = Duration::from_secs(u64::try_from(signed).unwrap_or(0));
        plain.put(key, body, ttl, condition).await
    }
}

/// A load does not find what has expired; a write does.
#[derive(Debug, Default)]
struct WritesWhatHasExpired;

#[async_trait]
impl Flaw for WritesWhatHasExpired {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let (mut state, name) = (plain.lock(), name(key));
        let now = std::mem::take(&mut state.now);
        let holds = state.holds(&name, &condition);
        state.now = now;
        if !holds {
            return Ok(PutOutcome::Refused);
        }
        Ok(state.write(name, body, ttl))
    }
}
