//! A connected client, and how a command gets through it.

use std::sync::Arc;
use std::time::Duration;

use fred::clients::{Client, WithOptions};
use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::Value;
use fred::types::config::Options;
use tokio::time::Instant;

use crate::batcher::Batcher;
use crate::command::{Action, Command};
use crate::native::NativeComparison;
use crate::redirect;

/// Longer bodies are sent by themselves, so that no script holds the server up.
const MAX_BATCHED_BODY: usize = 16 * 1024;

pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) native: NativeComparison,
    /// `None` on a node of a Cluster, where one command is about one slot.
    batcher: Option<Batcher>,
}

impl Connection {
    /// Must be called inside the runtime that will send the batches.
    pub(crate) fn new(client: Client, batches: bool) -> Self {
        Self {
            native: NativeComparison::default(),
            batcher: batches.then(|| Batcher::spawn(client.clone())),
            client,
        }
    }

    /// Sends the command once, and follows the redirections of a Cluster.
    pub(crate) async fn execute(
        self: Arc<Self>,
        command: &Command,
        deadline: Instant,
    ) -> Result<Value, Error> {
        let result = self.send(command, deadline).await;
        if !is_redirection(&result) {
            return result;
        }
        // fred has asked for the new topology before it gave up.
        let result = self.send(command, deadline).await;
        if !is_redirection(&result) {
            return result;
        }
        // The futures of the rare paths are boxed, or each load would have their size.
        Box::pin(redirect::send(command, &self, deadline)).await
    }

    async fn send(&self, command: &Command, deadline: Instant) -> Result<Value, Error> {
        if is_batched(command)
            && let Some(batcher) = &self.batcher
            && let Some(answer) = batcher.send(command, deadline).await?
        {
            return Ok(answer);
        }
        let send = async |comparison| {
            let value = command.send(&self.until(deadline), comparison).await?;
            command.answer(value, comparison)
        };
        Box::pin(self.native.send(&self.client, send)).await
    }

    pub(crate) fn until(&self, deadline: Instant) -> WithOptions<Client> {
        self.client.with_options(&once(deadline))
    }
}

fn is_batched(command: &Command) -> bool {
    match &command.action {
        Action::Load => true,
        Action::Replace(new) => new.body.len().max(new.expected.len()) <= MAX_BATCHED_BODY,
        Action::Insert { .. } | Action::Remove => false,
    }
}

/// Until `deadline`, and never sent again: a write whose reply was lost may have been applied.
pub(crate) fn once(deadline: Instant) -> Options {
    // To fred, 0 means no limit.
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
