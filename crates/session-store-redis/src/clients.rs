//! Clients of one deployment of Redis, used in turn.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fred::clients::{Client, Pool};
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::Value;
use fred::types::config::Options;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::command::Command;
use crate::redirected::Redirected;
use crate::router::{LastError, Router};

const LOOK_AGAIN: Duration = Duration::from_millis(50);

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

/// At least one client. Each multiplexes any number of commands over its connections.
pub(crate) struct Clients {
    first: Client,
    others: Vec<Client>,
    turn: AtomicUsize,
    last_error: LastError,
    redirected: Option<Redirected>,
    _routers: Vec<Router>,
}

impl Clients {
    /// Clients that belong to the application, which connects and ends them.
    pub(crate) fn shared(clients: Vec<Client>) -> Option<Self> {
        Self::of(clients, LastError::default(), Vec::new())
    }

    /// Connects `count` clients that are like `model`.
    pub(crate) async fn connect(model: &Client, count: usize) -> Result<Self, Error> {
        let last_error = LastError::default();
        let mut connecting = JoinSet::new();
        for _ in 0..count.max(1) {
            let (client, last_error) = (model.clone_new(), last_error.clone());
            connecting.spawn(async move {
                let router = Router::start(&client, last_error).await?;
                Ok((client, router))
            });
        }
        let (mut clients, mut routers) = (Vec::new(), Vec::new());
        while let Some(connected) = connecting.join_next().await {
            let (client, router) = connected.map_err(Error::from).flatten()?;
            clients.push(client);
            routers.push(router);
        }
        Self::of(clients, last_error, routers).ok_or_else(Error::new_canceled)
    }

    fn of(mut clients: Vec<Client>, last_error: LastError, routers: Vec<Router>) -> Option<Self> {
        let first = clients.pop()?;
        Some(Self {
            redirected: first.is_clustered().then(|| Redirected::like(&first)),
            first,
            others: clients,
            turn: AtomicUsize::new(0),
            last_error,
            _routers: routers,
        })
    }

    /// Sends the command, within `limit` in all, and never twice if it may have been applied.
    pub(crate) async fn send(&self, command: &Command, limit: Duration) -> Result<Value, Error> {
        let deadline = Instant::now() + limit;
        let client = self.connected(deadline).await?;
        let mut result = command.send(&client.with_options(&once(deadline))).await;
        if let Some(redirected) = &self.redirected {
            if is_redirection(&result) {
                // fred has asked for the new topology before it gave up.
                result = command.send(&client.with_options(&once(deadline))).await;
            }
            if is_redirection(&result) {
                result = redirected.send(command.clone(), deadline).await;
            }
        }
        result
    }

    /// The next client that is connected. A command for one that is not would stay in its queue, dead or alive, until it is.
    pub(crate) async fn connected(&self, deadline: Instant) -> Result<&Client, Error> {
        loop {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let all = self.others.len() + 1;
            let mut in_turn = (0..all).map(|step| self.nth(turn.wrapping_add(step) % all));
            if let Some(client) = in_turn.find(|client| client.is_connected()) {
                return Ok(client);
            }
            let now = Instant::now();
            if now >= deadline {
                return Err(self.not_connected());
            }
            let pause = LOOK_AGAIN.min(deadline - now);
            let _ = tokio::time::timeout(pause, self.nth(turn % all).wait_for_connect()).await;
        }
    }

    fn nth(&self, index: usize) -> &Client {
        self.others.get(index).unwrap_or(&self.first)
    }

    fn not_connected(&self) -> Error {
        let last = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last.clone()
            .unwrap_or_else(|| Error::new(ErrorKind::IO, "not connected"))
    }
}

/// Until `deadline`, and never sent again: a write whose answer was lost may have been applied.
pub(crate) fn once(deadline: Instant) -> Options {
    Options {
        max_attempts: Some(1),
        timeout: Some(remaining(deadline)),
        fail_fast: true,
        ..Options::default()
    }
}

/// At least a moment: fred takes 0 for ever.
pub(crate) fn remaining(deadline: Instant) -> Duration {
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

pub(crate) fn is_redirection<T>(result: &Result<T, Error>) -> bool {
    match result {
        Err(error) => error.details() == "Too many redirections.",
        Ok(_) => false,
    }
}
