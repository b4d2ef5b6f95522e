//! Commands that a Cluster redirects, one at a time.
//!
//! While a slot moves to another node, the old one answers `ASK`. fred 10.1 then writes `ASKING` on the connection that its other
//! commands share, and takes the next answer for its own, which may be that of a command sent before: everything in flight on
//! that connection gets the answer of another. So the shared clients follow no redirection (`max_redirections` 0), and what
//! is redirected comes here, to a client that never has two commands in flight.

use std::fmt;
use std::sync::Arc;

use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::Value;
use fred::types::config::{ConnectionConfig, Options};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::clients::remaining;
use crate::command::Command;
use crate::router::{LastError, Router};

const REDIRECTIONS: u32 = 5;

pub(crate) struct Redirected {
    model: Client,
    idle: Arc<Mutex<Option<(Client, Router)>>>,
}

impl Redirected {
    pub(crate) fn like(client: &Client) -> Self {
        let connection = ConnectionConfig {
            max_redirections: REDIRECTIONS,
            ..client.connection_config().clone()
        };
        let model = Client::new(
            client.client_config(),
            Some(client.perf_config()),
            Some(connection),
            client.client_reconnect_policy(),
        );
        let idle = Arc::default();
        Self { model, idle }
    }

    /// In a task of its own: if the caller goes away, the next command still waits for this one's answer.
    pub(crate) async fn send(&self, command: Command, deadline: Instant) -> Result<Value, Error> {
        let (idle, model) = (self.idle.clone(), self.model.clone_new());
        let sent = tokio::spawn(timeout_at(deadline, async move {
            let mut idle = idle.lock().await;
            // Taken out: after a timeout, its answer may still come, and the client is dropped with it.
            let (client, router) = match idle.take() {
                Some(connected) => connected,
                None => {
                    let router = Router::start(&model, LastError::default()).await?;
                    (model, router)
                }
            };
            let options = Options {
                // One more than can be needed: fred's task ends when an ASK finds none left.
                max_attempts: Some(REDIRECTIONS + 2),
                timeout: Some(remaining(deadline)),
                fail_fast: true,
                ..Options::default()
            };
            let answer = command.send(&client.with_options(&options)).await?;
            *idle = Some((client, router));
            Ok(answer)
        }));
        match sent.await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::new(
                ErrorKind::Timeout,
                "a redirected command got no answer in time",
            )),
            Err(ended) => Err(ended.into()),
        }
    }
}

impl fmt::Debug for Redirected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redirected")
    }
}
