//! Where a slow request waits, so that others come in between.

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

static ENTERED: Semaphore = Semaphore::const_new(0);
static LEAVE: Semaphore = Semaphore::const_new(0);

/// A handler that has opened its session waits here.
pub async fn wait() {
    ENTERED.add_permits(1);
    take(&LEAVE).await;
}

/// Until one more has come to the gate. Not to be called by a task.
pub fn entered() {
    Handle::current().block_on(take(&ENTERED));
}

/// Lets the one go that has waited longest.
pub fn open() {
    LEAVE.add_permits(1);
}

async fn take(semaphore: &Semaphore) {
    if let Ok(permit) = semaphore.acquire().await {
        permit.forget();
    }
}
