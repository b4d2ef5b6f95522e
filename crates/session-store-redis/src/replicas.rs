//! Writes that count only once replicas have them.
//!
//! `WAIT` speaks of the writes of its own connection, so each write and its `WAIT` go out together; and it holds up whatever
//! follows on that connection, so these are clients of their own.

use std::time::Duration;

use fred::clients::{Client, Pipeline};
use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::config::Options;
use fred::types::{ClusterHash, CustomCommand, Key, Value};
use tokio::time::Instant;

use crate::clients::{Clients, Job, is_redirection, once};
use crate::command::{Command, Script, is_unknown_script};
use crate::kept::Kept;

pub(crate) struct Replicas {
    pub(crate) clients: Clients,
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
        let job = Waiting {
            command,
            count: i64::from(self.count),
            milliseconds: i64::try_from(self.patience.as_millis()).unwrap_or(i64::MAX),
        };
        self.clients.run(&job, limit + self.patience).await
    }
}

struct Waiting<'a> {
    command: &'a Command,
    count: i64,
    milliseconds: i64,
}

impl Job for Waiting<'_> {
    type Answer = Acknowledged;

    fn key(&self) -> &Key {
        &self.command.key
    }

    async fn attempt(
        &self,
        _: &Kept,
        client: &Client,
        deadline: Instant,
    ) -> Result<Acknowledged, Error> {
        let result = self.send(client, Script::Digest, deadline).await;
        match result {
            Err(error) if is_unknown_script(&error) => {
                self.send(client, Script::Text, deadline).await
            }
            // fred has asked for the new topology before it gave up.
            redirected if is_redirection(&redirected) => {
                self.send(client, Script::Text, deadline).await
            }
            result => result,
        }
    }
}

impl Waiting<'_> {
    async fn send(
        &self,
        client: &Client,
        script: Script,
        deadline: Instant,
    ) -> Result<Acknowledged, Error> {
        let node = ClusterHash::Custom(self.command.key.cluster_hash());
        let options = Options {
            cluster_hash: Some(node.clone()),
            ..once(deadline)
        };
        let pipeline = Pipeline::from(client.with_options(&options));
        self.command.send_as(&pipeline, script).await?;
        let wait = CustomCommand::new_static("WAIT", node, true);
        // Redis takes 0 for ever.
        let arguments = vec![self.count, self.milliseconds.max(1)];
        let _: Value = pipeline.custom(wait, arguments).await?;

        let mut answers = pipeline.try_all::<Value>().await.into_iter();
        let answer = answers.next().ok_or_else(Error::new_canceled)??;
        // The write was answered: whatever is wrong with WAIT must not read as if nothing had been written.
        let replicas = match answers.next() {
            Some(Ok(Value::Integer(replicas))) => Ok(replicas),
            Some(Err(error)) => Err(format!("WAIT got: {}", error.details())),
            _ => Err("WAIT got no number".to_owned()),
        };
        Ok(Acknowledged { answer, replicas })
    }
}
