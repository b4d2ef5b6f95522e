//! The time by which sessions expire.

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
}

impl Clock {
    pub(crate) const SYSTEM: Self = Self { manual: None };

    /// The system's clock; on Linux as it was at the kernel's last tick, a few milliseconds ago.
    pub fn system() -> Self {
        Self::SYSTEM
    }

    /// A clock that starts at the system's time and then stands still until it is [advanced](Self::advance). Clones share it.
    pub fn manual() -> Self {
        let now = Self::system().millis();
        Self {
            manual: Some(Arc::new(AtomicU64::new(now))),
        }
    }

    /// Moves a manual clock forward; does nothing to the system's.
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
        match &self.manual {
            Some(now) => now.load(Ordering::SeqCst),
            None => system_millis(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.manual.is_some() {
            "Clock::manual"
        } else {
            "Clock::system"
        })
    }
}

/// The time of the kernel's last tick, a few milliseconds ago: a tenth of what the exact time costs, and every request asks.
#[cfg(target_os = "linux")]
fn system_millis() -> u64 {
    use rustix::time::{ClockId, DynamicClockId, clock_gettime_dynamic};

    match clock_gettime_dynamic(DynamicClockId::Known(ClockId::RealtimeCoarse)) {
        // Negative before 1970 only.
        Ok(now) => u64::try_from(now.tv_sec * 1000 + now.tv_nsec / 1_000_000).unwrap_or(0),
        // A sandbox may not have that clock.
        Err(_) => exact_millis(),
    }
}

#[cfg(not(target_os = "linux"))]
use exact_millis as system_millis;

fn exact_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, millis)
}

/// Whole milliseconds, at most a thousand centuries, so that sums of times cannot overflow.
pub(crate) fn millis(duration: Duration) -> u64 {
    const MOST: u64 = 1000 * 36_525 * 24 * 3600 * 1000;
    let whole = duration.as_secs().saturating_mul(1000);
    whole
        .saturating_add(u64::from(duration.subsec_millis()))
        .min(MOST)
}

/// On a system whose clock ends before that, its last day.
pub(crate) fn at(millis: u64) -> SystemTime {
    let at = |millis| UNIX_EPOCH.checked_add(Duration::from_millis(millis));
    // Windows counts to the year 30828.
    const YEAR_30000: u64 = 280 * 36_525 * 24 * 3600 * 1000;
    at(millis).or_else(|| at(YEAR_30000)).unwrap_or(UNIX_EPOCH)
}
