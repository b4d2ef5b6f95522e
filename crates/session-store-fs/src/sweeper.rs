//! The optional background task.

use std::sync::Arc;
use std::time::Duration;

use session_core::RecordStore;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::FsStore;

impl FsStore {
    /// Sweeps all expired records every `period`, in a task that ends with the last clone of this store, or when it is aborted.
    ///
    /// What fails is logged, and tried again after the next period.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its timers on, as [`tokio::spawn`] does.
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
