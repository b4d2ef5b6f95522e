//! The clock by which sessions expire.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The clock that decides whether a session has expired: the system's, or one that a test moves.
///
/// ```
/// use std::time::Duration;
/// use session_core::Clock;
///
/// let clock = Clock::manual();
/// let start = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), start + Duration::from_secs(60));
/// ```
#[derive(Clone, Default)]
pub struct Clock {
    /// Milliseconds since the Unix epoch; `None` reads the system's clock.
    manual: Option<Arc<AtomicU64>>,
    /// How many milliseconds it is ahead of that.
    ahead: u64,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that starts at the system's time and stands still until you
    /// [advance](Self::advance) it. Clones share the time.
    pub fn manual() -> Self {
        let now = Self::system().millis();
        Self { manual: Some(Arc::new(AtomicU64::new(now))), ahead: 0 }
    }

    /// This clock as a server shows it whose clock is ahead. For tests of several servers.
    ///
    /// ```
    /// use std::time::Duration;
    /// use session_core::Clock;
    ///
    /// let clock = Clock::manual();
    /// let fast = clock.ahead_by(Duration::from_secs(30));
    /// clock.advance(Duration::from_secs(60));
    /// assert_eq!(fast.now(), clock.now() + Duration::from_secs(30));
    /// ```
    #[must_use]
    pub fn ahead_by(&self, by: Duration) -> Self {
        Self { manual: self.manual.clone(), ahead: self.ahead + millis(by) }
    }

    /// Moves a manual clock forward. Does nothing to the system's.
    pub fn advance(&self, by: Duration) {
        if let Some(now) = &self.manual {
            now.fetch_add(millis(by), Ordering::SeqCst);
        }
    }

    /// The time now.
    pub fn now(&self) -> SystemTime {
        at(self.millis())
    }

    pub(crate) fn millis(&self) -> u64 {
        let now = match &self.manual {
            Some(now) => now.load(Ordering::SeqCst),
            None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis),
        };
        now + self.ahead
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.manual {
            Some(_) => "Clock::manual",
            None => "Clock::system",
        })
    }
}

/// How far the clocks of servers may differ, in milliseconds; see
/// [`SessionPolicy::CLOCK_SKEW`](crate::SessionPolicy::CLOCK_SKEW).
pub(crate) const CLOCK_SKEW: u64 = 60_000;

/// Whole milliseconds, at most a thousand centuries, so that sums of times cannot overflow.
pub(crate) fn millis(duration: Duration) -> u64 {
    const LONGEST: u64 = 1000 * 36_525 * 24 * 3600 * 1000;
    let whole = duration.as_secs().saturating_mul(1000);
    whole.saturating_add(u64::from(duration.subsec_millis())).min(LONGEST)
}

/// The time so many milliseconds after the Unix epoch, or the last one that the system's clock can
/// represent (Windows counts to the year 30828).
pub(crate) fn at(millis: u64) -> SystemTime {
    const YEAR_30000: u64 = 280 * 36_525 * 24 * 3600 * 1000;
    let at = |millis| UNIX_EPOCH.checked_add(Duration::from_millis(millis));
    at(millis).or_else(|| at(YEAR_30000)).unwrap_or(UNIX_EPOCH)
}
