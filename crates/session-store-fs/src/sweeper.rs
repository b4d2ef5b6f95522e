//! The optional background task.

use std::sync::Arc;
use std::time::Duration;

use session_core::RecordStore;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::FsStore;

impl FsStore {
    /// Removes all expired records every `period`, in a tokio task. The task ends with the last
    /// clone of this store, or when you abort it. It logs an error, and tries again after the next
    /// period.
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
                match (FsStore { shared }).sweep(usize::MAX).await {
                    Ok(removed) => tracing::debug!(removed, "swept the file store"),
                    Err(error) => tracing::warn!(%error, "could not sweep the file store"),
                }
            }
        })
    }
}
