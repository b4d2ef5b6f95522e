//! A fred client that is kept alive.
//!
//! fred runs each client in a task of its own. A few errors end that task for good, and a client whose task has ended never
//! connects again; a client that is dropped leaves its task and its connections behind. Here such a task is started again, and
//! ends with its owner.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, EventInterface};
use fred::types::ConnectHandle;
use tokio::task::JoinHandle;

const LOOK_AGAIN: Duration = Duration::from_millis(5);
const RESTART: Duration = Duration::from_millis(500);

/// Why the connection was lost, or could not be made, the last time.
pub(crate) type LastError = Arc<Mutex<Option<Error>>>;

/// A client's task; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Router(JoinHandle<()>);

impl Router {
    /// Connects `client`, or says why it does not connect.
    pub(crate) async fn start(client: &Client, last: LastError) -> Result<Self, Error> {
        let mut task = Task(client.connect());
        while !client.is_connected() {
            if task.0.is_finished() {
                return Err(ended(&mut task)
                    .await
                    .err()
                    .unwrap_or_else(Error::new_canceled));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(Self(tokio::spawn(keep(client.clone(), task, last))))
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Task(ConnectHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn ended(task: &mut Task) -> Result<(), Error> {
    (&mut task.0).await.map_err(Error::from).flatten()
}

async fn keep(client: Client, mut task: Task, last: LastError) {
    let mut errors = client.error_rx();
    loop {
        tokio::select! {
            result = ended(&mut task) => {
                if let Err(error) = result {
                    remember(&last, error);
                }
                tokio::time::sleep(RESTART).await;
                task = Task(client.connect());
            }
            error = errors.recv() => match error {
                Ok((error, _)) => remember(&last, error),
                Err(_) => errors = client.error_rx(),
            },
        }
    }
}

fn remember(last: &LastError, error: Error) {
    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
}
