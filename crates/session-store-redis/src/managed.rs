//! A client that is replaced when fred gives it up, and when it should have.
//!
//! fred reconnects by itself. But a few errors end its task for good. And it never leaves a
//! connection that has gone silent (a partition, a machine without power, a stopped process) while
//! commands are still written to it, until the operating system gives it up after a quarter of an
//! hour.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, EventInterface};
use fred::types::Key;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::client_task::ClientTask;
use crate::command::{Action, Command, Comparison};
use crate::connection::Connection;

const RESTART: Duration = Duration::from_millis(300);

/// A client of our own with the task that replaces it, or one of the application's without.
pub(crate) struct ManagedClient {
    shared: Arc<Shared>,
    manager: Option<JoinHandle<()>>,
}

struct Shared {
    /// `None` while it is being replaced.
    connection: Mutex<Option<Arc<Connection>>>,
    last_error: Mutex<Option<Error>>,
    suspect: Mutex<Option<Suspect>>,
    suspected: Notify,
}

/// A connection on which a command about this key got no reply.
struct Suspect {
    connection: Arc<Connection>,
    key: Key,
    limit: Duration,
}

impl ManagedClient {
    /// Connects a client like `model`.
    pub(crate) async fn connect(model: Client, batches: bool) -> Result<Self, Error> {
        let running = ClientTask::start(&model).await?;
        let mut managed = Self::unmanaged(running.client.clone(), batches);
        let manager = manage(Arc::clone(&managed.shared), model, batches, running);
        managed.manager = Some(tokio::spawn(manager));
        Ok(managed)
    }

    /// A client that the application connects.
    pub(crate) fn unmanaged(client: Client, batches: bool) -> Self {
        let shared = Arc::new(Shared {
            connection: Mutex::new(Some(Arc::new(Connection::new(client, batches)))),
            last_error: Mutex::default(),
            suspect: Mutex::default(),
            suspected: Notify::new(),
        });
        Self { shared, manager: None }
    }

    /// The client, if it is connected. A command for one that is not would wait in its queue until
    /// it is, even if its caller has gone.
    pub(crate) fn connected(&self) -> Option<Arc<Connection>> {
        let connection = lock(&self.shared.connection);
        let connection = connection.as_ref();
        connection.filter(|connection| connection.client.is_connected()).cloned()
    }

    /// Why the connection was lost, or could not be made, the last time.
    pub(crate) fn last_error(&self) -> Option<Error> {
        lock(&self.shared.last_error).clone()
    }

    /// A command about `key` got no reply on `connection`. If a probe gets none either, the client
    /// is replaced. The manager sends the probe: this caller's runtime may end before the reply.
    pub(crate) fn suspect(&self, connection: Arc<Connection>, key: Key, limit: Duration) {
        if self.manager.is_some() {
            *lock(&self.shared.suspect) = Some(Suspect { connection, key, limit });
            self.shared.suspected.notify_one();
        }
    }
}

impl Shared {
    /// Whether the connection that is used now has gone silent.
    async fn is_silent(&self) -> bool {
        let Some(suspect) = lock(&self.suspect).take() else { return false };
        let current = lock(&self.connection).clone();
        if !current.is_some_and(|current| Arc::ptr_eq(&current, &suspect.connection)) {
            return false;
        }
        let probe = Command { key: suspect.key, action: Action::Load };
        let client = suspect.connection.until(Instant::now() + suspect.limit);
        let answer = probe.send(&client, Comparison::Native).await;
        answer.is_err_and(|error| *error.kind() == ErrorKind::Timeout)
    }
}

impl Drop for ManagedClient {
    fn drop(&mut self) {
        if let Some(manager) = &self.manager {
            manager.abort();
        }
    }
}

async fn manage(shared: Arc<Shared>, model: Client, batches: bool, mut running: ClientTask) {
    loop {
        let error = watch(&shared, &mut running).await;
        *lock(&shared.connection) = None;
        remember(&shared, error);
        drop(running);
        running = loop {
            match ClientTask::start(&model).await {
                Ok(running) => break running,
                Err(error) => remember(&shared, error),
            }
            tokio::time::sleep(RESTART).await;
        };
        let connection = Connection::new(running.client.clone(), batches);
        *lock(&shared.connection) = Some(Arc::new(connection));
    }
}

/// Waits until the client must be replaced.
async fn watch(shared: &Shared, running: &mut ClientTask) -> Error {
    let mut errors = running.client.error_rx();
    loop {
        tokio::select! {
            error = running.ended() => return error,
            () = shared.suspected.notified() => {
                if shared.is_silent().await {
                    return Error::new(ErrorKind::Timeout, "the connection went silent");
                }
            }
            error = errors.recv() => match error {
                Ok((error, _)) => remember(shared, error),
                Err(_) => errors = running.client.error_rx(),
            },
        }
    }
}

fn remember(shared: &Shared, error: Error) {
    *lock(&shared.last_error) = Some(error);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
