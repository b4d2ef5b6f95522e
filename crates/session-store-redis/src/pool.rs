//! The clients of one deployment of Redis, used in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fred::clients::{Client, Pool};
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::Key;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::managed::ManagedClient;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// An application's own fred clients: made from a `Client` or a `Pool`.
#[derive(Debug, Clone)]
pub struct SharedClients(pub(crate) Vec<Client>);

impl From<Client> for SharedClients {
    fn from(client: Client) -> Self {
        Self(vec![client])
    }
}

impl From<Pool> for SharedClients {
    fn from(pool: Pool) -> Self {
        Self(pool.clients().to_vec())
    }
}

/// Each client multiplexes any number of commands over its connections.
pub(crate) struct ClientPool {
    clients: Vec<ManagedClient>,
    turn: AtomicUsize,
}

impl ClientPool {
    /// Clients that belong to the application, which connects and closes them.
    pub(crate) fn shared(clients: Vec<Client>) -> Self {
        let unmanaged = |client: Client| {
            let batches = !client.is_clustered();
            ManagedClient::unmanaged(client, batches)
        };
        Self::of(clients.into_iter().map(unmanaged).collect())
    }

    /// Connects `count` clients that are like `model`. `batches` unless one command must be about
    /// one slot.
    pub(crate) async fn connect(
        model: &Client,
        count: usize,
        batches: bool,
    ) -> Result<Self, Error> {
        let mut connecting = JoinSet::new();
        for _ in 0..count.max(1) {
            connecting.spawn(ManagedClient::connect(model.clone_new(), batches));
        }
        let mut clients = Vec::new();
        while let Some(connected) = connecting.join_next().await {
            clients.push(connected??);
        }
        Ok(Self::of(clients))
    }

    fn of(clients: Vec<ManagedClient>) -> Self {
        let turn = AtomicUsize::new(0);
        Self { clients, turn }
    }

    /// Makes an attempt at something about `key`, within `limit` in all; another one, on another
    /// client, only where nothing was sent.
    pub(crate) async fn run<T, F>(
        &self,
        key: &Key,
        limit: Duration,
        attempt: impl Fn(Arc<Connection>, Instant) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let deadline = Instant::now() + limit;
        let mut found = self.connected();
        loop {
            let (client, connection) = match found {
                Some(found) => found,
                None => self.wait(deadline).await?,
            };
            match attempt(Arc::clone(&connection), deadline).await {
                Err(error) if is_unsent(&error) => found = None,
                Err(error) if *error.kind() == ErrorKind::Timeout => {
                    client.suspect(connection, key.clone(), limit);
                    return Err(error);
                }
                result => return result,
            }
        }
    }

    /// The next client that is connected.
    fn connected(&self) -> Option<(&ManagedClient, Arc<Connection>)> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.clients.len().max(1);
        let (before, from) = self.clients.split_at(turn);
        let mut in_turn = from.iter().chain(before);
        in_turn.find_map(|client| Some((client, client.connected()?)))
    }

    /// The next client that is connected again, where none was.
    async fn wait(&self, deadline: Instant) -> Result<(&ManagedClient, Arc<Connection>), Error> {
        loop {
            tokio::time::sleep_until(deadline.min(Instant::now() + POLL_INTERVAL)).await;
            let found = self.connected();
            if Instant::now() >= deadline {
                let last = self.clients.iter().find_map(ManagedClient::last_error);
                return Err(last.unwrap_or_else(|| Error::new(ErrorKind::IO, "not connected")));
            }
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }
}

/// What fred says of a command that it has not written: the connection is lost, and the next one is
/// not there yet.
fn is_unsent(error: &Error) -> bool {
    matches!(error.details(), "Failed to route command." | "Connection closed unexpectedly.")
}
