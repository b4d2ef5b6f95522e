//! Writes that count only once replicas have them.
//!
//! `WAIT` speaks of the writes of its own connection, so each write and its `WAIT` go out together; and it holds up whatever
//! follows on that connection, so these are clients of their own.

use std::time::Duration;

use fred::clients::{Client, Pipeline};
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::config::Options;
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio::time::Instant;

use crate::clients::{Clients, is_redirection, once};
use crate::command::{Command, Script, is_unknown_script};

pub(crate) struct Replicas {
    pub(crate) clients: Clients,
    pub(crate) count: u32,
    pub(crate) patience: Duration,
}

/// A write's answer, and how many replicas have it.
pub(crate) struct Acknowledged {
    pub(crate) answer: Value,
    pub(crate) replicas: i64,
}

impl Replicas {
    pub(crate) async fn send(
        &self,
        command: &Command,
        limit: Duration,
    ) -> Result<Acknowledged, Error> {
        let limit = limit + self.patience;
        let deadline = Instant::now() + limit;
        let (kept, client) = self.clients.connected(deadline).await?;
        let mut result = self
            .attempt(&client, command, Script::Digest, deadline)
            .await;
        if is_redirection(&result) {
            result = self
                .attempt(&client, command, Script::Digest, deadline)
                .await;
        }
        match result {
            Err(error) if is_unknown_script(&error) => {
                self.attempt(&client, command, Script::Text, deadline).await
            }
            Err(error) if *error.kind() == ErrorKind::Timeout => {
                kept.suspect(client, command.key.clone(), limit);
                Err(error)
            }
            result => result,
        }
    }

    async fn attempt(
        &self,
        client: &Client,
        command: &Command,
        script: Script,
        deadline: Instant,
    ) -> Result<Acknowledged, Error> {
        let node = ClusterHash::Custom(command.key.cluster_hash());
        let options = Options {
            cluster_hash: Some(node.clone()),
            ..once(deadline)
        };
        let pipeline = Pipeline::from(client.with_options(&options));
        command.send_as(&pipeline, script).await?;
        let wait = CustomCommand::new_static("WAIT", node, true);
        let patience = i64::try_from(self.patience.as_millis()).unwrap_or(i64::MAX);
        let arguments = vec![i64::from(self.count), patience.max(1)];
        let _: Value = pipeline.custom(wait, arguments).await?;

        let mut answers = pipeline.try_all::<Value>().await.into_iter();
        let answer = answers
            .next()
            .unwrap_or_else(|| Err(Error::new_canceled()))?;
        match answers.next() {
            Some(Ok(Value::Integer(replicas))) => Ok(Acknowledged { answer, replicas }),
            Some(Err(error)) => Err(error),
            _ => Err(Error::new(
                ErrorKind::Protocol,
                "WAIT got no number for an answer",
            )),
        }
    }
}
