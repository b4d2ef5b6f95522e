//! Records that are forgotten too early, or half.

use std::time::Duration;

use async_trait::async_trait;
use session_core::{PutOutcome, RecordKey, RecordStore};

use crate::flaw::{Case, Flaw, Put, Write, case};
use crate::plain::{Plain, name};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<ForgetsSecondsTooEarly>(
            "Forgets three seconds early, \"to be on the safe side\".",
            "record/time/a_record_is_kept_until_its_ttl_has_passed",
        ),
        case::<TakesTheTtlForMilliseconds>(
            "Gives a backend that counts in milliseconds the seconds.",
            "record/time/a_record_is_kept_until_its_ttl_has_passed",
        ),
        case::<RoundsTheTtlDown>(
            "Counts in whole seconds, and cuts off the rest.",
            "record/time/a_record_is_kept_until_its_ttl_has_passed",
        ),
        case::<KeepsTheFirstDeadline>(
            "An update does not touch the deadline.",
            "record/time/a_write_renews_the_ttl",
        ),
        case::<RefusedMovesTheDeadline>(
            "Sets the deadline first, and then compares.",
            "record/time/a_refused_write_leaves_the_ttl",
        ),
        case::<MoreThanAMonthIsADate>(
            "More than thirty days is taken for a date in 1970, as with memcached.",
            "record/time/long_ttls_are_honoured",
        ),
        case::<CountsSecondsIn32Bits>(
            "Counts seconds in 32 bits, and starts from 0 after the last.",
            "record/time/long_ttls_are_honoured",
        ),
        case::<WritesWhatHasExpired>(
            "A load does not find what has expired; a write does.",
            "record/time/an_expired_record_is_whole_or_gone",
        ),
    ]
}

#[derive(Debug, Default)]
struct ForgetsSecondsTooEarly;

#[async_trait]
impl Flaw for ForgetsSecondsTooEarly {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let ttl = ttl.saturating_sub(Duration::from_secs(3));
        plain.write(key, Write(body, ttl, condition))
    }
}

#[derive(Debug, Default)]
struct TakesTheTtlForMilliseconds;

#[async_trait]
impl Flaw for TakesTheTtlForMilliseconds {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let ttl = Duration::from_millis(ttl.as_secs());
        plain.write(key, Write(body, ttl, condition))
    }
}

#[derive(Debug, Default)]
struct RoundsTheTtlDown;

#[async_trait]
impl Flaw for RoundsTheTtlDown {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let ttl = Duration::from_secs(ttl.as_secs());
        plain.write(key, Write(body, ttl, condition))
    }
}

#[derive(Debug, Default)]
struct KeepsTheFirstDeadline;

#[async_trait]
impl Flaw for KeepsTheFirstDeadline {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let old = plain.lock().get(&name(key)).map(|entry| entry.expires);
        let put = plain.put(key, body, ttl, condition).await?;
        if let (PutOutcome::Stored(_), Some(old)) = (&put, old) {
            let mut state = plain.lock();
            state.records.get_mut(&name(key)).unwrap().expires = old;
        }
        Ok(put)
    }
}

#[derive(Debug, Default)]
struct RefusedMovesTheDeadline;

#[async_trait]
impl Flaw for RefusedMovesTheDeadline {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        {
            let mut state = plain.lock();
            let expires = state.now.saturating_add(ttl);
            if let Some(entry) = state.records.get_mut(&name(key)) {
                entry.expires = expires;
            }
        }
        plain.write(key, Write(body, ttl, condition))
    }
}

#[derive(Debug, Default)]
struct MoreThanAMonthIsADate;

#[async_trait]
impl Flaw for MoreThanAMonthIsADate {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let month = Duration::from_secs(30 * 24 * 3600);
        let ttl = if ttl > month { Duration::ZERO } else { ttl };
        plain.write(key, Write(body, ttl, condition))
    }
}

#[derive(Debug, Default)]
struct CountsSecondsIn32Bits;

#[async_trait]
impl Flaw for CountsSecondsIn32Bits {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let signed = ttl.as_secs() as i32;
        let ttl = Duration::from_secs(u64::try_from(signed).unwrap_or(0));
        plain.write(key, Write(body, ttl, condition))
    }
}

#[derive(Debug, Default)]
struct WritesWhatHasExpired;

#[async_trait]
impl Flaw for WritesWhatHasExpired {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
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
