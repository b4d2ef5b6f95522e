//! A fred client and the task that runs it.

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::ConnectHandle;
use std::time::Duration;

const LOOK_AGAIN: Duration = Duration::from_millis(3);

/// A connected client. Dropped, it closes its connections: fred's own `Client` leaves its task behind, and them with it.
pub(crate) struct Running {
    pub(crate) client: Client,
    task: ConnectHandle,
}

impl Running {
    /// Connects a client like `model`, or says why it does not connect.
    pub(crate) async fn start(model: &Client) -> Result<Self, Error> {
        let client = model.clone_new();
        let task = client.connect();
        let mut running = Self { client, task };
        while !running.client.is_connected() {
            if running.task.is_finished() {
                return Err(running.ended().await);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(running)
    }

    /// Waits until the task has ended, and says why.
    pub(crate) async fn ended(&mut self) -> Error {
        let result = (&mut self.task).await.map_err(Error::from).flatten();
        result.err().unwrap_or_else(Error::new_canceled)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
