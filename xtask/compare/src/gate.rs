//! Where a slow request waits, so that others come in between.

use std::io;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Nothing here takes longer, unless a library hangs.
pub const LIMIT: Duration = Duration::from_secs(20);

static ENTERED: Semaphore = Semaphore::const_new(0);
static LEAVE: Semaphore = Semaphore::const_new(0);

/// A handler that has opened its session waits here.
pub async fn wait() {
    ENTERED.add_permits(1);
    take(&LEAVE).await;
}

/// Until one more has come to the gate. Not to be called by a task.
pub fn entered() -> io::Result<()> {
    let entered = async { timeout(LIMIT, take(&ENTERED)).await };
    Ok(Handle::current().block_on(entered)?)
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
