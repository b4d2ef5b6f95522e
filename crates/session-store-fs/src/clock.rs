//! The system's clock. Tests can move it forward.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// By how many nanoseconds tests have moved it.
    advanced: AtomicU64,
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        let now = SystemTime::now();
        let advanced = Duration::from_nanos(self.advanced.load(Relaxed));
        now.checked_add(advanced).unwrap_or(now)
    }

    pub(crate) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        // The closure always returns a value, so this cannot fail.
        let _ = self.advanced.fetch_update(Relaxed, Relaxed, |sum| Some(sum.saturating_add(by)));
    }
}
