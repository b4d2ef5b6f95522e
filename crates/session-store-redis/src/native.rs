//! What is known of a server's own compare-and-set, `SET .. IFEQ`.
//!
//! This decides only which command is tried first. A command that was refused as a syntax error has
//! written nothing, so the script can follow it at any time: a write is correct whatever is known,
//! and whichever server a reconnect or a failover brought.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::EventInterface;
use fred::types::config::Server;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use crate::command::Comparison;

/// What one client knows. On a Cluster, a single node without `IFEQ` counts for all.
#[derive(Default)]
pub(crate) struct NativeComparison {
    /// The connections that were made since a server refused `IFEQ`; `None` if none has.
    reconnects_since_refusal: Mutex<Option<Receiver<Server>>>,
}

impl NativeComparison {
    /// Runs `send` with the comparison that the server knows.
    pub(crate) async fn send<T, F>(
        &self,
        client: &Client,
        send: impl Fn(Comparison) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        if self.may_be_known() {
            match send(Comparison::Native).await {
                Err(error) if is_syntax_error(&error) => self.refused(client),
                result => return result,
            }
        }
        send(Comparison::Script).await
    }

    fn may_be_known(&self) -> bool {
        let mut refusal = self.lock();
        let reconnect = refusal.as_mut().map(Receiver::try_recv);
        let is_refused = matches!(reconnect, Some(Err(TryRecvError::Empty)));
        if !is_refused {
            *refusal = None;
        }
        !is_refused
    }

    fn refused(&self, client: &Client) {
        *self.lock() = Some(client.reconnect_rx());
    }

    fn lock(&self) -> MutexGuard<'_, Option<Receiver<Server>>> {
        let refusal = self.reconnects_since_refusal.lock();
        refusal.unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_syntax_error(error: &Error) -> bool {
    error.details().to_ascii_lowercase().contains("syntax error")
}
