//! The store's own time, in whole seconds since it was made: enough for what is only garbage collection, and small.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Clock {
    /// On the system's clock.
    start: u64,
    ahead: AtomicU32,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            start: system::precise().as_secs(),
            ahead: AtomicU32::new(0),
        }
    }

    pub(crate) fn now(&self) -> u32 {
        self.with_ahead(system::coarse().as_secs().saturating_sub(self.start))
    }

    /// The time now, and the first whole second at which a `ttl` that begins now has passed. What lies more than 136 years
    /// ahead never comes.
    pub(crate) fn now_and_after(&self, ttl: Duration) -> (u32, u32) {
        // Precisely: the coarse clock is a little late, and would end the lifetime as much too early.
        let now = system::precise().saturating_sub(Duration::from_secs(self.start));
        let end = ceiling(now.saturating_add(ttl));
        (self.with_ahead(now.as_secs()), self.with_ahead(end.into()))
    }

    fn with_ahead(&self, time: u64) -> u32 {
        seconds(time).saturating_add(self.ahead.load(Relaxed))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let by = ceiling(by);
        let _ = self
            .ahead
            .fetch_update(Relaxed, Relaxed, |ahead| Some(ahead.saturating_add(by)));
    }
}

fn ceiling(duration: Duration) -> u32 {
    let begun = u64::from(duration.subsec_nanos() > 0);
    seconds(duration.as_secs().saturating_add(begun))
}

fn seconds(seconds: u64) -> u32 {
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// The time since some moment.
#[cfg(target_os = "linux")]
mod system {
    use std::time::Duration;

    use rustix::time::{ClockId, DynamicClockId, clock_gettime, clock_gettime_dynamic};

    pub(super) fn precise() -> Duration {
        Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
    }

    /// As it was at the last tick, some milliseconds ago. To read it takes a few nanoseconds instead of twenty.
    pub(super) fn coarse() -> Duration {
        match clock_gettime_dynamic(DynamicClockId::Known(ClockId::MonotonicCoarse)) {
            Ok(now) => Duration::try_from(now).unwrap_or_default(),
            // A sandbox may not have that clock.
            Err(_) => precise(),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    pub(super) fn precise() -> Duration {
        START.elapsed()
    }

    pub(super) use precise as coarse;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_never_cut_short() {
        let clock = Clock::new();
        let (_, end) = clock.now_and_after(Duration::from_millis(1001));
        assert!((2..=3).contains(&end));
        clock.advance(Duration::from_millis(1));
        assert!(clock.now() < end);
        clock.advance(Duration::from_secs(2));
        assert!(clock.now() >= end);
    }

    #[test]
    fn the_longest_lifetime_never_ends() {
        let clock = Clock::new();
        let (_, end) = clock.now_and_after(Duration::MAX);
        clock.advance(Duration::from_secs(100 * 365 * 24 * 3600));
        assert!(clock.now() < end);
    }
}
