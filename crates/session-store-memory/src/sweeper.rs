//! The optional background task.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::MemoryStore;

impl MemoryStore {
    /// Removes all expired records every `period`, in a tokio task. The task ends with the last
    /// clone of this store, or when you abort it.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with its timers enabled, as [`tokio::spawn`] does.
    pub fn sweep_every(&self, period: Duration) -> JoinHandle<()> {
        let shared = Arc::downgrade(&self.shared);
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(period.max(Duration::from_millis(1)));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(shared) = shared.upgrade() else {
                    return;
                };
                let removed = shared.sweep(usize::MAX).await;
                tracing::debug!(removed, "swept the memory store");
            }
        })
    }
}
