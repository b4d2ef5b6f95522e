//! A gate at which slow requests wait, so that other requests run in between.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// If a request takes longer, a library hangs.
pub const TIMEOUT: Duration = Duration::from_secs(20);

static WAITING: Semaphore = Semaphore::const_new(0);
static RELEASED: Semaphore = Semaphore::const_new(0);

/// Waits until the gate opens. Handlers call it after they have opened their session.
pub async fn wait() {
    // It enters the queue before it is counted. Otherwise a later request could overtake it, and
    // the trial would wait for the wrong one.
    let mut released = pin!(take(&RELEASED));
    let is_open = poll_fn(|cx| Poll::Ready(released.as_mut().poll(cx).is_ready())).await;
    WAITING.add_permits(1);
    if !is_open {
        released.await;
    }
}

/// Blocks until one more request has reached the gate. Must not be called in a task.
pub fn wait_for_request() -> io::Result<()> {
    let reached = async { timeout(TIMEOUT, take(&WAITING)).await };
    Ok(Handle::current().block_on(reached)?)
}

/// Releases the request that has waited longest.
pub fn open() {
    RELEASED.add_permits(1);
}

async fn take(semaphore: &Semaphore) {
    if let Ok(permit) = semaphore.acquire().await {
        permit.forget();
    }
}
