//! Clients of one deployment of Redis, used in turn.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fred::clients::{Client, Pool};
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::config::Options;
use fred::types::{Key, Value};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::command::Command;
use crate::kept::Kept;
use crate::redirected;
use crate::together::Together;

const LOOK_AGAIN: Duration = Duration::from_millis(20);

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

/// What clients do about one key.
pub(crate) trait Job: Sync {
    type Answer: Send;

    fn key(&self) -> &Key;

    fn attempt(
        &self,
        kept: &Kept,
        client: &Client,
        deadline: Instant,
    ) -> impl Future<Output = Result<Self::Answer, Error>> + Send;
}

impl Job for Command {
    type Answer = Value;

    fn key(&self) -> &Key {
        &self.key
    }

    async fn attempt(
        &self,
        kept: &Kept,
        client: &Client,
        deadline: Instant,
    ) -> Result<Value, Error> {
        let alone = client.is_clustered() || !Together::takes(self);
        if !alone && let Some(answer) = kept.together.send(self, client, deadline).await? {
            return Ok(answer);
        }
        // In a box: as a part of this future its room would be moved about with every load.
        let result = Box::pin(self.send(&client.with_options(&once(deadline)))).await;
        if !client.is_clustered() || !is_redirection(&result) {
            return result;
        }
        Box::pin(self.redirected(client, deadline)).await
    }
}

impl Command {
    async fn redirected(&self, client: &Client, deadline: Instant) -> Result<Value, Error> {
        // fred has asked for the new topology before it gave up.
        let result = self.send(&client.with_options(&once(deadline))).await;
        if !is_redirection(&result) {
            return result;
        }
        redirected::send(self, client, deadline).await
    }
}

/// Each multiplexes any number of commands over its connections.
pub(crate) struct Clients {
    clients: Vec<Kept>,
    turn: AtomicUsize,
}

impl Clients {
    /// Clients that belong to the application, which connects and ends them.
    pub(crate) fn shared(clients: Vec<Client>) -> Self {
        Self::of(clients.into_iter().map(Kept::foreign).collect())
    }

    /// Connects `count` clients that are like `model`.
    pub(crate) async fn connect(model: &Client, count: usize) -> Result<Self, Error> {
        let mut connecting = JoinSet::new();
        for _ in 0..count.max(1) {
            connecting.spawn(Kept::connect(model.clone_new()));
        }
        let mut clients = Vec::new();
        while let Some(connected) = connecting.join_next().await {
            clients.push(connected.map_err(Error::from).flatten()?);
        }
        Ok(Self::of(clients))
    }

    fn of(clients: Vec<Kept>) -> Self {
        let turn = AtomicUsize::new(0);
        Self { clients, turn }
    }

    /// Does `job` within `limit` in all, on another client where nothing was sent to the first.
    pub(crate) async fn run<J: Job>(&self, job: &J, limit: Duration) -> Result<J::Answer, Error> {
        let deadline = Instant::now() + limit;
        let mut found = self.connected();
        loop {
            let (kept, client) = match found {
                Some(found) => found,
                None => Box::pin(self.wait(deadline)).await?,
            };
            match job.attempt(kept, &client, deadline).await {
                Err(error) if is_unsent(&error) => found = None,
                Err(error) if *error.kind() == ErrorKind::Timeout => {
                    kept.suspect(client, job.key().clone(), limit);
                    return Err(error);
                }
                result => return result,
            }
        }
    }

    /// The next client that is connected.
    fn connected(&self) -> Option<(&Kept, Client)> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.clients.len().max(1);
        let (before, from) = self.clients.split_at(turn);
        let mut in_turn = from.iter().chain(before);
        in_turn.find_map(|kept| Some((kept, kept.connected()?)))
    }

    /// The next client that is connected again, where none was.
    async fn wait(&self, deadline: Instant) -> Result<(&Kept, Client), Error> {
        loop {
            tokio::time::sleep_until(deadline.min(Instant::now() + LOOK_AGAIN)).await;
            let found = self.connected();
            if Instant::now() >= deadline {
                let last = self.clients.iter().find_map(Kept::last_error);
                return Err(last.unwrap_or_else(|| Error::new(ErrorKind::IO, "not connected")));
            }
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }
}

/// Until `deadline`, and never sent again: a write whose answer was lost may have been applied.
pub(crate) fn once(deadline: Instant) -> Options {
    // fred takes 0 for ever.
    let remaining = deadline.saturating_duration_since(Instant::now());
    Options {
        max_attempts: Some(1),
        timeout: Some(remaining.max(Duration::from_millis(1))),
        fail_fast: true,
        ..Options::default()
    }
}

/// What fred says where it may follow no redirection; nothing was applied.
pub(crate) fn is_redirection<T>(result: &Result<T, Error>) -> bool {
    match result {
        Err(error) => error.details() == "Too many redirections.",
        Ok(_) => false,
    }
}

/// What fred says of a command that it has not written: the connection is gone, and the next one is not there yet.
fn is_unsent(error: &Error) -> bool {
    matches!(
        error.details(),
        "Failed to route command." | "Connection closed unexpectedly."
    )
}
