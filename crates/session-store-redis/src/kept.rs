//! A client that is replaced when fred gives it up, and when it should have.
//!
//! fred connects again by itself. But a few errors end its task for good; and it never leaves a connection that has gone silent
//! (a partition, a machine without power, a stopped process) while commands are still written to it, until the
//! operating system gives it up after a quarter of an hour.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, EventInterface};
use fred::types::{Key, Value};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::clients::once;
use crate::command::{Action, Command};
use crate::running::Running;
use crate::together::Together;

const RESTART: Duration = Duration::from_millis(300);

/// A client of our own with its keeper, or one of the application's without.
pub(crate) struct Kept {
    pub(crate) together: Together,
    shared: Arc<Shared>,
    keeper: Option<JoinHandle<()>>,
}

struct Shared {
    /// `None` while it is being replaced.
    client: Mutex<Option<Client>>,
    last_error: Mutex<Option<Error>>,
    replace: Notify,
    probing: AtomicBool,
}

impl Kept {
    /// Connects a client like `model`.
    pub(crate) async fn connect(model: Client) -> Result<Self, Error> {
        let running = Running::start(&model).await?;
        let mut kept = Self::foreign(running.client.clone());
        kept.keeper = Some(tokio::spawn(keep(kept.shared.clone(), model, running)));
        Ok(kept)
    }

    /// A client that somebody else connects.
    pub(crate) fn foreign(client: Client) -> Self {
        let shared = Arc::new(Shared {
            client: Mutex::new(Some(client)),
            last_error: Mutex::default(),
            replace: Notify::new(),
            probing: AtomicBool::new(false),
        });
        Self {
            together: Together::default(),
            shared,
            keeper: None,
        }
    }

    /// The client, if it is connected. A command for one that is not would wait in its queue, wanted or not, until it is.
    pub(crate) fn connected(&self) -> Option<Client> {
        let client = lock(&self.shared.client);
        client
            .as_ref()
            .filter(|client| client.is_connected())
            .cloned()
    }

    /// Why the connection was lost, or could not be made, the last time.
    pub(crate) fn last_error(&self) -> Option<Error> {
        lock(&self.shared.last_error).clone()
    }

    /// A command about `key` got no answer on `client`. If the next one gets none either, the client is replaced.
    pub(crate) fn suspect(&self, client: Client, key: Key, limit: Duration) {
        if self.keeper.is_none() || self.shared.probing.swap(true, Ordering::AcqRel) {
            return;
        }
        let shared = self.shared.clone();
        tokio::spawn(async move {
            let action = Action::Load;
            let probe = Command { key, action };
            let options = once(Instant::now() + limit);
            let answer: Result<Value, Error> = probe.send(&client.with_options(&options)).await;
            if answer.is_err_and(|error| *error.kind() == ErrorKind::Timeout) {
                shared.replace.notify_one();
            }
            shared.probing.store(false, Ordering::Release);
        });
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(keeper) = &self.keeper {
            keeper.abort();
        }
    }
}

async fn keep(shared: Arc<Shared>, model: Client, mut running: Running) {
    loop {
        let error = watch(&shared, &mut running).await;
        *lock(&shared.client) = None;
        remember(&shared, error);
        drop(running);
        running = loop {
            match Running::start(&model).await {
                Ok(running) => break running,
                Err(error) => remember(&shared, error),
            }
            tokio::time::sleep(RESTART).await;
        };
        *lock(&shared.client) = Some(running.client.clone());
    }
}

/// Until the client must be replaced.
async fn watch(shared: &Shared, running: &mut Running) -> Error {
    let mut errors = running.client.error_rx();
    loop {
        tokio::select! {
            error = running.ended() => return error,
            () = shared.replace.notified() => return Error::new(ErrorKind::Timeout, "the connection went silent"),
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
