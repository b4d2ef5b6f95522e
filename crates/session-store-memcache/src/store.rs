//! The store.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError};

use crate::MemcacheStoreBuilder;
use crate::command::{Command, Outcome, Request};
use crate::error;
use crate::expiry::exptime;
use crate::server::{Answer, Server};

/// Keeps session records in memcached.
///
/// Each record is on one server, chosen from its key and the servers' addresses as you wrote them.
/// While a server is down, its share of the sessions gets errors, and the others work. No server
/// takes over from another: when it came back, its old records would come back with it.
///
/// Clones share their connections. The [crate's page](crate) has an example.
#[derive(Clone)]
pub struct MemcacheStore {
    shared: Arc<Shared>,
}

struct Shared {
    prefix: String,
    servers: Vec<Server>,
}

impl MemcacheStore {
    /// Connects to `servers`, each `host:port` or `unix:/path`, with the default settings.
    ///
    /// # Errors
    ///
    /// As [`MemcacheStoreBuilder::connect`].
    pub async fn connect<I>(servers: I) -> Result<Self, StoreError>
    where
        I: IntoIterator<Item: Into<String>>,
    {
        Self::builder(servers).connect().await
    }

    /// The settings of a store on `servers`, each `host:port` or `unix:/path`.
    pub fn builder<I>(servers: I) -> MemcacheStoreBuilder
    where
        I: IntoIterator<Item: Into<String>>,
    {
        MemcacheStoreBuilder::new(servers.into_iter().map(Into::into).collect())
    }

    pub(crate) fn new(prefix: String, servers: Vec<Server>) -> Self {
        Self { shared: Arc::new(Shared { prefix, servers }) }
    }

    pub(crate) fn servers(&self) -> &[Server] {
        &self.shared.servers
    }

    pub(crate) fn key(&self, key: &RecordKey) -> String {
        format!("{}{}", self.shared.prefix, key.hex())
    }

    /// Sends `command` to the server that holds the key.
    async fn call(
        &self,
        key: &RecordKey,
        command: Command<'_>,
    ) -> Result<(&Server, Answer), StoreError> {
        let servers = self.servers().iter();
        let server = servers
            .max_by_key(|server| server.hash.score(key.digest()))
            .ok_or_else(error::no_server)?;
        let request = Request { key: &self.key(key), command };
        Ok((server, server.call(&request).await?))
    }
}

#[async_trait]
impl RecordStore for MemcacheStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let (server, answer) = self.call(key, Command::Get).await?;
        match answer.outcome {
            Outcome::Found(body, cas) => {
                Ok(Some(Record { body: body.into(), version: cas.into() }))
            }
            Outcome::Absent => Ok(None),
            _ => Err(error::wrong_answer(server.name())),
        }
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let condition = match condition {
            Condition::IfAbsent => "ME".to_owned(),
            Condition::IfVersion(version) => match version.as_u64() {
                Some(cas) => format!("C{cas}"),
                // The version of another store, which a record here never has.
                None => return Ok(PutOutcome::Refused),
            },
        };
        let set = Command::Set {
            body: &body,
            condition: &condition,
            lifetime: &format!("T{}", exptime(ttl, SystemTime::now())),
        };
        let (server, answer) = self.call(key, set).await?;
        match answer.outcome {
            Outcome::Stored(cas) => Ok(PutOutcome::Stored(cas.into())),
            Outcome::Refused if answer.repeated => Err(error::unknown(server.name())),
            Outcome::Refused => Ok(PutOutcome::Refused),
            _ => Err(error::wrong_answer(server.name())),
        }
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let (server, answer) = self.call(key, Command::Delete).await?;
        match answer.outcome {
            Outcome::Deleted => Ok(true),
            Outcome::Absent if answer.repeated => Err(error::unknown(server.name())),
            Outcome::Absent => Ok(false),
            _ => Err(error::wrong_answer(server.name())),
        }
    }
}

impl fmt::Debug for MemcacheStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<&str> = self.servers().iter().map(Server::name).collect();
        f.debug_struct("MemcacheStore")
            .field("servers", &servers)
            .field("prefix", &self.shared.prefix)
            .finish_non_exhaustive()
    }
}
