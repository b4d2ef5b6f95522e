//! The settings of a store.

use std::collections::HashSet;
use std::time::Duration;

use session_core::{RecordKey, StoreError, StoreErrorKind};

use crate::MemcacheStore;
use crate::address::Address;
use crate::command::{Command, Request};
use crate::error::{config, no_server};
use crate::server::Server;

/// The longest key that memcached takes, in bytes.
const MAX_KEY: usize = 250;

/// The hex digits of a record's key.
const KEY_DIGITS: usize = 64;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Connects a [`MemcacheStore`] with settings of your own; see [`MemcacheStore::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it connects"]
pub struct MemcacheStoreBuilder {
    servers: Vec<String>,
    prefix: String,
    pool_size: usize,
    connect_timeout: Duration,
    command_timeout: Duration,
}

impl MemcacheStoreBuilder {
    pub(crate) fn new(servers: Vec<String>) -> Self {
        Self {
            servers,
            prefix: "remix:session:".to_owned(),
            pool_size: 16,
            connect_timeout: Duration::from_secs(1),
            command_timeout: Duration::from_secs(2),
        }
    }

    /// What every key starts with: at most 186 bytes of visible ASCII. Default: `remix:session:`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The most connections to each server. Each serves one request at a time. Default: 16.
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.pool_size = connections;
        self
    }

    /// The time limit for opening a connection, within the limit of the operation. Default: 1 s.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// The time limit for a whole operation: waiting for a connection or opening one, sending the
    /// request, and reading the answer. Default: 2 s. The longest is a day.
    pub fn command_timeout(mut self, limit: Duration) -> Self {
        self.command_timeout = limit.min(DAY);
        self
    }

    /// Checks the settings, and asks each server for a record that does not exist.
    ///
    /// If a server cannot be reached but another one answers, it logs a warning and succeeds, so
    /// that an application can start while one of its servers is down.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Config`] if a setting is wrong, or if a server cannot hold sessions;
    /// [`StoreErrorKind::Unavailable`] or [`StoreErrorKind::Timeout`] if no server answers.
    pub async fn connect(self) -> Result<MemcacheStore, StoreError> {
        let servers = self.check()?;
        let store = MemcacheStore::new(self.prefix, servers);
        check_servers(&store).await?;
        Ok(store)
    }

    fn check(&self) -> Result<Vec<Server>, StoreError> {
        if !self.prefix.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(config("the key prefix may hold visible ASCII only, and no space"));
        }
        let (length, longest) = (self.prefix.len(), MAX_KEY - KEY_DIGITS);
        if length > longest {
            return Err(config(format!(
                "the key prefix has {length} bytes; memcached takes at most {longest}, with the \
                 {KEY_DIGITS} digits of a key"
            )));
        }
        for (setting, is_zero) in [
            ("pool_size", self.pool_size == 0),
            ("connect_timeout", self.connect_timeout.is_zero()),
            ("command_timeout", self.command_timeout.is_zero()),
        ] {
            if is_zero {
                let message = format!("{setting} is zero, so nothing could ever succeed");
                return Err(config(message));
            }
        }
        if self.servers.is_empty() {
            return Err(no_server());
        }
        let mut seen = HashSet::new();
        let servers = self.servers.iter().map(|name| {
            if !seen.insert(name) {
                return Err(config(format!("memcached server {name:?} is named twice")));
            }
            Server::new(
                Address::parse(name)?,
                self.pool_size,
                self.connect_timeout,
                self.command_timeout,
            )
        });
        servers.collect()
    }
}

/// Fails if a server is unsuitable, or if none answers.
async fn check_servers(store: &MemcacheStore) -> Result<(), StoreError> {
    let request =
        Request { key: &store.key(&RecordKey::from_digest([0; 32])), command: Command::Get };
    let mut answered = false;
    let mut failure = None;
    for server in store.servers() {
        match server.call(&request).await {
            Ok(_) => answered = true,
            Err(error) if error.kind() == StoreErrorKind::Config => return Err(error),
            Err(error) => {
                let cause = &error as &dyn std::error::Error;
                tracing::warn!(error = cause, "a memcached server is down");
                failure = Some(error);
            }
        }
    }
    match failure {
        Some(error) if !answered => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "../tests/unit/builder.rs"]
mod tests;
