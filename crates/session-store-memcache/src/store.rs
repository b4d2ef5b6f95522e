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
use crate::server::Server;

/// Keeps records in memcached.
///
/// A record lives on one server, found by its key and the servers' addresses as they were written. When a server is down, its
/// share of the sessions gives errors within the [time limit](MemcacheStoreBuilder::command_timeout), and the others work; no
/// server ever takes over from another, because the old records would come back with it.
///
/// A request is one command and one answer: `mg` brings a record and its version, `ms` writes under memcached's own add or
/// compare-and-swap, `md` deletes. Each answer must carry the key and the token of its request. A connection whose request did
/// not run to its end is closed.
///
/// The [crate's front page](crate) has an example.
///
/// Clones share their pools.
#[derive(Clone)]
pub struct MemcacheStore {
    shared: Arc<Shared>,
}

struct Shared {
    prefix: String,
    first: Arc<Server>,
    rest: Vec<Arc<Server>>,
}

impl MemcacheStore {
    /// Connects to `servers`, each `host:port` or `unix:/path`, with the default options.
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

    /// Options for a store on `servers`, each `host:port` or `unix:/path`.
    pub fn builder<I>(servers: I) -> MemcacheStoreBuilder
    where
        I: IntoIterator<Item: Into<String>>,
    {
        MemcacheStoreBuilder::new(servers.into_iter().map(Into::into).collect())
    }

    pub(crate) fn new(prefix: String, first: Arc<Server>, rest: Vec<Arc<Server>>) -> Self {
        Self {
            shared: Arc::new(Shared {
                prefix,
                first,
                rest,
            }),
        }
    }

    pub(crate) fn servers(&self) -> impl Iterator<Item = &Arc<Server>> {
        std::iter::once(&self.shared.first).chain(&self.shared.rest)
    }

    pub(crate) fn key(&self, key: &RecordKey) -> String {
        format!("{}{}", self.shared.prefix, key.hex())
    }

    fn server(&self, key: &RecordKey) -> &Server {
        let first = &self.shared.first;
        self.shared.rest.iter().fold(first, |best, server| {
            let score = |server: &Server| server.seat.score(key.digest());
            if score(server) > score(best) {
                server
            } else {
                best
            }
        })
    }
}

#[async_trait]
impl RecordStore for MemcacheStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let server = self.server(key);
        let request = Request {
            key: &self.key(key),
            command: Command::Get,
        };
        match server.call(&request).await?.outcome {
            Outcome::Found(body, cas) => Ok(Some(Record {
                body: body.into(),
                version: cas.into(),
            })),
            Outcome::Absent => Ok(None),
            _ => Err(error::foreign(server.name())),
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
                // Another store's version: the record here never had it.
                None => return Ok(PutOutcome::Refused),
            },
        };
        let server = self.server(key);
        let request = Request {
            key: &self.key(key),
            command: Command::Set {
                body: &body,
                condition: &condition,
                lifetime: &format!("T{}", exptime(ttl, SystemTime::now())),
            },
        };
        let answer = server.call(&request).await?;
        match answer.outcome {
            Outcome::Stored(cas) => Ok(PutOutcome::Stored(cas.into())),
            Outcome::Refused if answer.repeated => Err(error::unknown(server.name())),
            Outcome::Refused => Ok(PutOutcome::Refused),
            _ => Err(error::foreign(server.name())),
        }
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let server = self.server(key);
        let request = Request {
            key: &self.key(key),
            command: Command::Delete,
        };
        let answer = server.call(&request).await?;
        match answer.outcome {
            Outcome::Deleted => Ok(true),
            Outcome::Absent if answer.repeated => Err(error::unknown(server.name())),
            Outcome::Absent => Ok(false),
            _ => Err(error::foreign(server.name())),
        }
    }
}

impl fmt::Debug for MemcacheStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<&str> = self.servers().map(|server| server.name()).collect();
        f.debug_struct("MemcacheStore")
            .field("servers", &servers)
            .field("prefix", &self.shared.prefix)
            .finish_non_exhaustive()
    }
}
