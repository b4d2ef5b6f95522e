//! The options of a store, checked before a server is asked.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use session_core::{RecordKey, StoreError, StoreErrorKind};
use tokio::task::JoinSet;

use crate::MemcacheStore;
use crate::address::Address;
use crate::command::{Command, Request};
use crate::error::config;
use crate::server::Server;

/// The longest key that memcached takes, in bytes.
const MAX_KEY: usize = 250;

/// The digits of a hashed key.
const DIGITS: usize = 64;

/// The longest time limit: any can be added to now.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The options of a [`MemcacheStore`]; made by [`MemcacheStore::builder`].
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

    /// What every key begins with: visible ASCII, at most 186 bytes. `remix:session:` unless set.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The most connections to each server; each serves one request at a time. 16 unless set.
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.pool_size = connections;
        self
    }

    /// The time limit for opening a connection, within that of the operation. 1 s unless set.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// The time limit for an operation as a whole: waiting for a connection, opening one, sending, the answer. 2 s unless set,
    /// and a day at most.
    pub fn command_timeout(mut self, limit: Duration) -> Self {
        self.command_timeout = limit.min(LONGEST);
        self
    }

    /// Checks the options, and asks each server for a record that is not there.
    ///
    /// A server that cannot be reached is logged as a warning, as long as another one answers: an application must be able to
    /// start while one of its servers is down.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Config`] if an option is wrong, or a server is one that cannot hold sessions;
    /// [`StoreErrorKind::Unavailable`] or [`StoreErrorKind::Timeout`] if no server answers.
    pub async fn connect(self) -> Result<MemcacheStore, StoreError> {
        let mut servers = self.checked()?.into_iter();
        let Some(first) = servers.next() else {
            return Err(config(
                "no memcached server is named; name at least one".to_owned(),
            ));
        };
        let store = MemcacheStore::new(self.prefix, first, servers.collect());
        check_servers(&store).await?;
        Ok(store)
    }

    fn checked(&self) -> Result<Vec<Arc<Server>>, StoreError> {
        if !self.prefix.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(config(
                "the key prefix may hold visible ASCII only, and no space",
            ));
        }
        let most = MAX_KEY - DIGITS;
        if self.prefix.len() > most {
            return Err(config(format!(
                "the key prefix has {} bytes; with the {DIGITS} digits of a key, memcached takes at most {most}",
                self.prefix.len()
            )));
        }
        for (option, is_zero) in [
            ("pool_size", self.pool_size == 0),
            ("connect_timeout", self.connect_timeout.is_zero()),
            ("command_timeout", self.command_timeout.is_zero()),
        ] {
            if is_zero {
                return Err(config(format!(
                    "{option} is zero; nothing could ever succeed"
                )));
            }
        }
        let mut seen = HashSet::new();
        self.servers
            .iter()
            .map(|name| {
                if !seen.insert(name) {
                    return Err(config(format!("memcached server {name:?} is named twice")));
                }
                let address = Address::parse(name)?;
                Server::new(
                    address,
                    self.pool_size,
                    self.connect_timeout,
                    self.command_timeout,
                )
                .map(Arc::new)
            })
            .collect()
    }
}

async fn check_servers(store: &MemcacheStore) -> Result<(), StoreError> {
    let key = store.key(&RecordKey::from_digest([0; 32]));
    let mut checks = JoinSet::new();
    for server in store.servers() {
        let (server, key) = (server.clone(), key.clone());
        checks.spawn(async move {
            let request = Request {
                key: &key,
                command: Command::Get,
            };
            server.call(&request).await.err()
        });
    }
    let mut answered = false;
    let mut failure = None;
    while let Some(checked) = checks.join_next().await {
        match checked {
            Ok(None) => answered = true,
            Ok(Some(error)) if error.kind() == StoreErrorKind::Config => return Err(error),
            Ok(Some(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a memcached server is down"
                );
                failure = Some(error);
            }
            Err(stopped) => {
                let message = "a memcached server could not be asked";
                let error = StoreError::new(StoreErrorKind::Unavailable, message);
                failure = Some(error.with_source(stopped));
            }
        }
    }
    match failure {
        Some(error) if !answered => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: MemcacheStoreBuilder) -> String {
        let error = builder.checked().err().unwrap();
        assert_eq!(error.kind(), StoreErrorKind::Config);
        error.to_string()
    }

    #[test]
    fn options_are_checked_when_built() {
        let with = || MemcacheStore::builder(["localhost:1"]);
        assert!(with().checked().is_ok());
        assert!(with().prefix("").checked().is_ok());
        assert!(with().prefix("p".repeat(186)).checked().is_ok());
        assert!(refused(with().prefix("p".repeat(187))).contains("at most 186"));
        for bad in ["a b", "a\r\n", "\u{e9}", "\0", "\u{7f}"] {
            assert!(
                refused(with().prefix(bad)).contains("visible ASCII"),
                "{bad:?}"
            );
        }
        assert!(refused(with().pool_size(0)).contains("pool_size"));
        assert!(refused(with().connect_timeout(Duration::ZERO)).contains("connect_timeout"));
        assert!(refused(with().command_timeout(Duration::ZERO)).contains("command_timeout"));
        assert!(refused(MemcacheStore::builder(["a:1", "b:1", "a:1"])).contains("named twice"));
    }

    #[tokio::test]
    async fn a_store_has_a_server() {
        let error = MemcacheStore::connect(Vec::<String>::new())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("name at least one"));
    }
}
