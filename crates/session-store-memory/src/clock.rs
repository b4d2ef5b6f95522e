//! The time by which records expire. It never goes backwards, and tests can move it forward.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Counts nanoseconds from when the store was made: 64 bits last for 584 years.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    advanced: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), advanced: AtomicU64::new(0) }
    }

    pub(crate) fn now(&self) -> u64 {
        nanos(self.start.elapsed()).saturating_add(self.advanced.load(Relaxed))
    }

    pub(crate) fn advance(&self, by: Duration) {
        // The closure always returns a value, so this cannot fail.
        let _ =
            self.advanced.fetch_update(Relaxed, Relaxed, |sum| Some(sum.saturating_add(nanos(by))));
    }
}

/// When a record written at `now` expires.
pub(crate) fn deadline(now: u64, ttl: Duration) -> u64 {
    now.saturating_add(nanos(ttl))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "../tests/unit/clock.rs"]
mod tests;
