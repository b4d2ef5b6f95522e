//! The store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fred::interfaces::ClientLike;
use fred::types::Value;
use session_core::{
    Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, StoreErrorKind, Version,
};

use crate::command::{Action, Command, Replacement, foreign};
use crate::pool::{ClientPool, SharedClients};
use crate::replicas::{Acknowledged, Replicas};
use crate::{RedisStoreBuilder, address, error};

/// Stores records in Redis or Valkey, as plain strings under a prefix and the hash of their key.
/// They expire by themselves. Clones of a store share its connections.
#[derive(Clone)]
pub struct RedisStore {
    clients: Arc<ClientPool>,
    replicas: Option<Arc<Replicas>>,
    address: String,
    prefix: String,
    command_timeout: Duration,
    max_body: usize,
}

impl RedisStore {
    pub(crate) const PREFIX: &str = "session:";
    pub(crate) const COMMAND_TIMEOUT: Duration = Duration::from_secs(2);
    /// The longest time limit: any can be added to now, and to another.
    pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 3600);
    /// What Redis takes in one value (`proto-max-bulk-len`); more, and it hangs up on everyone on
    /// the connection.
    const LARGEST: usize = 512 * 1024 * 1024;
    pub(crate) const MAX_BODY: usize = 1024 * 1024;

    /// Connects to `url` with the defaults of [`RedisStoreBuilder`].
    ///
    /// # Errors
    ///
    /// As [`RedisStoreBuilder::connect`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::builder(url).connect().await
    }

    /// Settings for the Redis at `url`: `redis://`, `rediss://` (feature `tls`), `redis+unix://`,
    /// `redis-cluster://`, `redis-sentinel://`.
    pub fn builder(url: &str) -> RedisStoreBuilder {
        RedisStoreBuilder::new(url)
    }

    /// Uses an application's own fred client or pool, which the application connects and closes.
    ///
    /// The store limits the time of its own commands, and never has one sent twice. Connecting and
    /// reconnecting are the client's: give it a reconnect policy that never ends, and limits for
    /// connecting. The store batches its loads in a task of the current tokio runtime, so call this
    /// inside the runtime that runs the client.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Config`]: there is no current tokio runtime, or a Cluster client follows
    /// redirections. fred 10.1 mixes up the replies of other commands when it follows one, so such
    /// a client needs `max_redirections` 0; the store follows redirections itself.
    pub fn with_client(client: impl Into<SharedClients>) -> Result<Self, StoreError> {
        let clients = client.into().0;
        let refuse = |message| Err(StoreError::new(StoreErrorKind::Config, message));
        if tokio::runtime::Handle::try_current().is_err() {
            return refuse("RedisStore::with_client must be called inside a tokio runtime");
        }
        let mut address = String::new();
        for client in &clients {
            if client.is_clustered() && client.connection_config().max_redirections > 0 {
                return refuse(
                    "this fred client follows redirections of its Cluster, and mixes up replies \
                     when it does: build it with ConnectionConfig::max_redirections = 0",
                );
            }
            address = address::name(&client.client_config().server);
        }
        Ok(Self::of(ClientPool::shared(clients), None, address))
    }

    pub(crate) fn of(clients: ClientPool, replicas: Option<Replicas>, address: String) -> Self {
        Self {
            clients: Arc::new(clients),
            replicas: replicas.map(Arc::new),
            address,
            prefix: Self::PREFIX.to_owned(),
            command_timeout: Self::COMMAND_TIMEOUT,
            max_body: Self::MAX_BODY,
        }
    }

    /// The prefix of every key: `session:` unless set.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long an operation may take: 2 s unless set, and a day at most.
    #[must_use]
    pub fn command_timeout(mut self, limit: Duration) -> Self {
        self.command_timeout = limit.min(Self::LONGEST);
        self
    }

    /// The longest body, in bytes, that the store writes: 1 MiB unless set, so that one visitor
    /// cannot fill the server. Redis itself takes 512 MB.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes.min(Self::LARGEST);
        self
    }

    fn command(&self, key: &RecordKey, action: Action) -> Command {
        let key = match key.plain() {
            Some(id) => [&self.prefix, id].concat(),
            None => [self.prefix.as_str(), &key.hex()].concat(),
        };
        Command { key: key.into(), action }
    }

    async fn send(&self, key: &RecordKey, command: &Command) -> Result<Value, StoreError> {
        let limit = self.command_timeout;
        let answer = self
            .clients
            .run(&command.key, limit, |connection, deadline| connection.execute(command, deadline));
        answer.await.map_err(|error| self.failed(&error, key))
    }

    /// Sends a write, and waits for the replicas if that was asked for.
    async fn write(&self, key: &RecordKey, command: &Command) -> Result<bool, StoreError> {
        let failed = |error| self.failed(&error, key);
        let Some(replicas) = &self.replicas else {
            let answer = self.send(key, command).await?;
            return command.applied(&answer).map_err(failed);
        };
        let sent = replicas.send(command, self.command_timeout).await;
        let Acknowledged { answer, replicas: reached } = sent.map_err(failed)?;
        let applied = command.applied(&answer).map_err(failed)?;
        let (count, patience) = (replicas.count, replicas.patience);
        let why = match reached {
            _ if !applied => return Ok(false),
            Ok(reached) if reached >= i64::from(count) => return Ok(true),
            Ok(reached) => format!("only {reached} of {count} replicas have it after {patience:?}"),
            Err(why) => why,
        };
        let message = format!("Redis at {} has the record, but {why}", self.address);
        Err(StoreError::new(StoreErrorKind::Unconfirmed, message))
    }

    fn failed(&self, error: &fred::error::Error, key: &RecordKey) -> StoreError {
        error::command(error, &self.address, &self.prefix, key)
    }
}

#[async_trait]
impl RecordStore for RedisStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let body = match self.send(key, &self.command(key, Action::Load)).await? {
            Value::Null => return Ok(None),
            Value::String(text) => text.into_inner(),
            Value::Bytes(body) => body,
            _ => return Err(self.failed(&foreign(), key)),
        };
        let version = Version::from(body.clone());
        Ok(Some(Record { body, version }))
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let (size, limit) = (body.len(), self.max_body);
        if size > limit {
            let message = format!(
                "the record has {size} bytes, and max_body is {limit}: keep less in the session, \
                 or raise max_body"
            );
            return Err(StoreError::new(StoreErrorKind::TooLarge, message));
        }
        let written = Version::from(body.clone());
        let action = match condition {
            Condition::IfAbsent => Action::Insert { body, ttl },
            Condition::IfVersion(expected) => match expected.as_bytes() {
                Some(expected) => Action::Replace(Replacement {
                    expected: Bytes::copy_from_slice(expected),
                    body,
                    ttl,
                }),
                // Another store's version: no record here ever had it.
                None => return Ok(PutOutcome::Refused),
            },
        };
        Ok(match self.write(key, &self.command(key, action)).await? {
            true => PutOutcome::Stored(written),
            false => PutOutcome::Refused,
        })
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let command = self.command(key, Action::Remove);
        let answer = self.send(key, &command).await?;
        command.applied(&answer).map_err(|error| self.failed(&error, key))
    }
}

/// Shows where the records are, and no password.
impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("address", &self.address)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
