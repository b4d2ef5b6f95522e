//! The store's own time, in whole seconds since it was made: enough for what is only garbage collection, and small.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    ahead: AtomicU32,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            ahead: AtomicU32::new(0),
        }
    }

    pub(crate) fn now(&self) -> u32 {
        seconds(self.start.elapsed().as_secs()).saturating_add(self.ahead.load(Relaxed))
    }

    /// The time now, and the first whole second at which a `ttl` that begins now has passed. What lies more than 136 years
    /// ahead never comes.
    pub(crate) fn now_and_after(&self, ttl: Duration) -> (u32, u32) {
        let (now, ahead) = (self.start.elapsed(), self.ahead.load(Relaxed));
        let end = ceiling(now.saturating_add(ttl));
        let now = seconds(now.as_secs());
        (now.saturating_add(ahead), end.saturating_add(ahead))
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
