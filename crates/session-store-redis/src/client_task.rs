//! A fred client and the task that runs it.

use std::time::Duration;

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::ConnectHandle;

const POLL_INTERVAL: Duration = Duration::from_millis(3);

/// A connected client. Dropped, it closes its connections: fred's own `Client` would leave its task
/// running, and them with it.
pub(crate) struct ClientTask {
    pub(crate) client: Client,
    task: ConnectHandle,
}

impl ClientTask {
    /// Connects a client like `model`, or says why it does not connect.
    pub(crate) async fn start(model: &Client) -> Result<Self, Error> {
        let client = model.clone_new();
        let task = client.connect();
        let mut started = Self { client, task };
        while !started.client.is_connected() {
            if started.task.is_finished() {
                return Err(started.ended().await);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(started)
    }

    /// Waits until the task has ended, and says why.
    pub(crate) async fn ended(&mut self) -> Error {
        let result = (&mut self.task).await.map_err(Error::from);
        let result = result.and_then(|result| result);
        result.err().unwrap_or_else(Error::new_canceled)
    }
}

impl Drop for ClientTask {
    fn drop(&mut self) {
        self.task.abort();
    }
}
