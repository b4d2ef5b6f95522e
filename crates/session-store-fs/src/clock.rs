//! The system's clock, which tests move forward.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// In seconds.
    ahead: AtomicU64,
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        let now = SystemTime::now();
        let ahead = Duration::from_secs(self.ahead.load(Relaxed));
        now.checked_add(ahead).unwrap_or(now)
    }

    pub(crate) fn advance(&self, by: Duration) {
        let seconds = by.as_secs() + u64::from(by.subsec_nanos() > 0);
        self.ahead.fetch_add(seconds, Relaxed);
    }
}
