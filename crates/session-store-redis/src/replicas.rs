//! Writes that count only once replicas have them.
//!
//! `WAIT` is about the writes of its own connection, so each write and its `WAIT` are sent
//! together. It holds up the commands after it on that connection, so these writes have clients of
//! their own.

use std::sync::Arc;
use std::time::Duration;

use fred::clients::{Client, Pipeline};
use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::config::Options;
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio::time::Instant;

use crate::command::{Command, Comparison};
use crate::connection::{Connection, is_redirection, once};
use crate::pool::ClientPool;

pub(crate) struct Replicas {
    pub(crate) clients: ClientPool,
    pub(crate) count: u32,
    pub(crate) patience: Duration,
}

/// A write's answer, and how many replicas have it, or why `WAIT` did not say.
pub(crate) struct Acknowledged {
    pub(crate) answer: Value,
    pub(crate) replicas: Result<i64, String>,
}

impl Replicas {
    pub(crate) async fn send(
        &self,
        command: &Command,
        limit: Duration,
    ) -> Result<Acknowledged, Error> {
        let limit = limit + self.patience;
        let acknowledged = self.clients.run(&command.key, limit, |connection, deadline| {
            self.attempt(command, connection, deadline)
        });
        acknowledged.await
    }

    async fn attempt(
        &self,
        command: &Command,
        connection: Arc<Connection>,
        deadline: Instant,
    ) -> Result<Acknowledged, Error> {
        let client = &connection.client;
        let send = |comparison| self.send_once(command, client, comparison, deadline);
        let result = connection.native.send(client, send).await;
        if !is_redirection(&result) {
            return result;
        }
        // fred has asked for the new topology before it gave up.
        connection.native.send(client, send).await
    }

    async fn send_once(
        &self,
        command: &Command,
        client: &Client,
        comparison: Comparison,
        deadline: Instant,
    ) -> Result<Acknowledged, Error> {
        let node = ClusterHash::Custom(command.key.cluster_hash());
        let options = Options { cluster_hash: Some(node.clone()), ..once(deadline) };
        let pipeline = Pipeline::from(client.with_options(&options));
        command.send(&pipeline, comparison).await?;
        let wait = CustomCommand::new_static("WAIT", node, true);
        let milliseconds = i64::try_from(self.patience.as_millis()).unwrap_or(i64::MAX);
        // To Redis, 0 means no limit.
        let arguments = vec![i64::from(self.count), milliseconds.max(1)];
        let _: Value = pipeline.custom(wait, arguments).await?;

        let mut answers = pipeline.try_all::<Value>().await.into_iter();
        let answer = answers.next().ok_or_else(Error::new_canceled)??;
        let answer = command.answer(answer, comparison)?;
        // The write was answered: whatever is wrong with WAIT must not read as if nothing had been
        // written.
        let replicas = match answers.next() {
            Some(Ok(Value::Integer(replicas))) => Ok(replicas),
            Some(Err(error)) => Err(format!("WAIT got: {}", error.details())),
            _ => Err("WAIT got no number".to_owned()),
        };
        Ok(Acknowledged { answer, replicas })
    }
}
