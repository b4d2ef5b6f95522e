//! How to connect.

use std::fmt;
use std::time::Duration;

use fred::clients::Client;
use fred::interfaces::ClientLike;
#[cfg(feature = "tls")]
use fred::types::config::TlsConfig;
use fred::types::config::{ConnectionConfig, ReconnectError, ReconnectPolicy, TcpConfig};
use session_core::{StoreError, StoreErrorKind};

use crate::address::{self, Address};
use crate::pool::ClientPool;
use crate::probe::{self, Finding};
use crate::replicas::Replicas;
use crate::{RedisStore, error};

/// Settings of a [`RedisStore`]; [`RedisStore::builder`] makes one.
#[derive(Clone)]
pub struct RedisStoreBuilder {
    url: String,
    prefix: String,
    pool_size: usize,
    connect_timeout: Duration,
    command_timeout: Duration,
    max_body: usize,
    replicas: Option<(u32, Duration)>,
    #[cfg(feature = "tls")]
    tls: Option<TlsConfig>,
}

impl RedisStoreBuilder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            prefix: RedisStore::PREFIX.to_owned(),
            pool_size: 2,
            connect_timeout: Duration::from_secs(3),
            command_timeout: RedisStore::COMMAND_TIMEOUT,
            max_body: RedisStore::MAX_BODY,
            replicas: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// The prefix of every key: `session:` unless set.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How many clients take turns: 2 unless set, and at least 1. Each multiplexes any number of
    /// commands over one connection to each server, so a few are enough.
    #[must_use]
    pub fn pool_size(mut self, size: usize) -> Self {
        self.pool_size = size;
        self
    }

    /// How long [`connect`](Self::connect) may take: 3 s unless set. Each single server is given a
    /// third of it to answer.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long an operation may take, waiting for a lost connection included: 2 s unless set, and
    /// a day at most.
    #[must_use]
    pub fn command_timeout(mut self, limit: Duration) -> Self {
        self.command_timeout = limit;
        self
    }

    /// The longest body, in bytes, that the store writes: 1 MiB unless set, so that one visitor
    /// cannot fill the server. Redis itself takes 512 MB.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// A write succeeds once `count` replicas have it, and fails if they have not within
    /// `patience`, a day at most.
    ///
    /// A write that fewer replicas have is an error of kind
    /// [`Unconfirmed`](StoreErrorKind::Unconfirmed): the master has it, but a failover may take it
    /// back. Such writes use clients of their own, as many as the [`pool_size`](Self::pool_size),
    /// and each holds up the next on its connection.
    #[must_use]
    pub fn wait_for_replicas(mut self, count: u32, patience: Duration) -> Self {
        self.replicas = Some((count, patience.min(RedisStore::LONGEST)));
        self
    }

    /// How to check the server of a `rediss://` URL, and the certificate to show it (feature
    /// `tls`). Unless set, the system's authorities check it, and no certificate is shown.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, config: impl Into<TlsConfig>) -> Self {
        self.tls = Some(config.into());
        self
    }

    /// Connects. A lost connection is made again: after 100 ms, then 200, 400, then every 500 ms,
    /// without end.
    ///
    /// The tasks that serve the connections run on the current tokio runtime, so it must live as
    /// long as the store. Other runtimes may use the store as well.
    ///
    /// # Errors
    ///
    /// - [`StoreErrorKind::Config`]: the URL, the password or the certificate is wrong.
    /// - [`StoreErrorKind::Unavailable`] and [`StoreErrorKind::Timeout`]: the server is not there,
    ///   or does not answer.
    ///
    /// The error names the address, never the password.
    pub async fn connect(self) -> Result<RedisStore, StoreError> {
        if self.connect_timeout.is_zero() || self.command_timeout.is_zero() {
            let message = "the time limits of the Redis store must be longer than 0";
            return Err(StoreError::new(StoreErrorKind::Config, message));
        }
        let (mut model, uses_tls) = self.client()?;
        let mut batches = !model.is_clustered();
        let name = address::name(&model.client_config().server);
        let connecting = tokio::time::timeout(self.connect_timeout, async {
            let mut clients = ClientPool::connect(&model, self.pool_size, batches).await;
            if clients.is_err() {
                match probe::ask(&model).await {
                    Some(Finding::LoneNode(alone)) => {
                        (model, batches) = (alone, false);
                        clients = ClientPool::connect(&model, self.pool_size, batches).await;
                    }
                    Some(Finding::Reason(error)) => return Err(error),
                    None => {}
                }
            }
            let clients = clients?;
            let replicas = match self.replicas {
                Some((count, patience)) => Some(Replicas {
                    clients: ClientPool::connect(&model, self.pool_size, batches).await?,
                    count,
                    patience,
                }),
                None => None,
            };
            Ok::<_, fred::error::Error>((clients, replicas))
        });
        let (clients, replicas) = match connecting.await {
            Ok(Ok(connected)) => connected,
            Ok(Err(refused)) => return Err(error::connect(&refused, &name, uses_tls)),
            Err(_) => {
                let limit = self.connect_timeout;
                let refused = fred::error::Error::new(
                    fred::error::ErrorKind::Timeout,
                    format!("no answer within {limit:?}"),
                );
                return Err(error::connect(&refused, &name, uses_tls));
            }
        };
        Ok(RedisStore::of(clients, replicas, name)
            .prefix(self.prefix)
            .command_timeout(self.command_timeout)
            .max_body(self.max_body))
    }

    /// A client that is not connected, and whether it uses TLS.
    fn client(&self) -> Result<(Client, bool), StoreError> {
        let Address { mut config, tls } = address::parse(&self.url)?;
        if tls {
            #[cfg(feature = "tls")]
            {
                config.tls = Some(match &self.tls {
                    Some(tls) => tls.clone(),
                    None => crate::tls::system()?,
                });
            }
            if !config.uses_tls() {
                let message = "the Redis URL asks for TLS, and this program was built \
                    without it: turn on the feature `tls` of session-store-redis";
                return Err(StoreError::new(StoreErrorKind::Config, message));
            }
        }
        config.fail_fast = true;
        let third = self.connect_timeout / 3;
        let connection = ConnectionConfig {
            connection_timeout: third,
            internal_command_timeout: third,
            // See `redirect`, and `connection::once`: fred must send nothing twice.
            max_redirections: 0,
            max_command_attempts: 1,
            reconnect_errors: vec![ReconnectError::ReadOnly],
            tcp: TcpConfig { nodelay: Some(true), ..TcpConfig::default() },
            ..ConnectionConfig::default()
        };
        let reconnect = ReconnectPolicy::new_exponential(0, 100, 500, 2);
        Ok((Client::new(config, None, Some(connection), Some(reconnect)), tls))
    }
}

/// Shows no URL, because it may contain a password.
impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder")
            .field("prefix", &self.prefix)
            .field("pool_size", &self.pool_size)
            .field("connect_timeout", &self.connect_timeout)
            .field("command_timeout", &self.command_timeout)
            .field("max_body", &self.max_body)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}
