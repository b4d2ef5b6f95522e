//! Connections to one server, and their pool.

use std::io;
use std::time::Duration;

use async_memcached::{Client, Error};
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult};
use session_core::StoreError;
use tokio::time::timeout;

use crate::address::{Address, Endpoint};
use crate::error;
#[cfg(unix)]
use crate::ipv6;
use crate::settings::{self, Settings, SettingsError};

pub(crate) type ConnectionPool = Pool<Connector>;

pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) settings: Settings,
}

/// A connection that one request has taken out of the pool.
///
/// [`release`](Self::release) returns it to the pool. Call it only when the answer to the request
/// has been read to its end, or when nothing was sent. Dropping the lease closes the connection:
/// after a cancelled request, a time limit, an error or a wrong answer, bytes may still arrive on
/// it, and the next request must not read them.
pub(crate) struct Lease {
    pub(crate) connection: Connection,
    /// Whether the connection was idle in the pool before. The server may have closed it since.
    pub(crate) reused: bool,
    slot: Object<Connector>,
}

impl Lease {
    /// Takes an idle connection, or opens one.
    pub(crate) async fn acquire(pool: &ConnectionPool) -> Result<Self, StoreError> {
        let no_connection = || {
            let name = pool.manager().address.name();
            error::unavailable(format!("the pool has no connection to memcached at {name}"))
        };
        let mut slot = pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            other => no_connection().with_source(other),
        })?;
        Ok(Self {
            connection: slot.take().ok_or_else(no_connection)?,
            reused: Object::metrics(&slot).recycle_count > 0,
            slot,
        })
    }

    pub(crate) fn release(mut self) {
        *self.slot = Some(self.connection);
    }
}

/// Opens connections to one server.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) address: Address,
    pub(crate) connect_timeout: Duration,
}

impl Manager for Connector {
    /// `None` once a lease has taken the connection out and not released it.
    type Type = Option<Connection>;
    type Error = StoreError;

    async fn create(&self) -> Result<Option<Connection>, StoreError> {
        let name = self.address.name();
        match timeout(self.connect_timeout, self.open_any()).await {
            Ok(Ok(connection)) => Ok(Some(connection)),
            Ok(Err(error)) => Err(error::connect(name, error)),
            Err(_) => Err(error::connect_timeout(name, self.connect_timeout)),
        }
    }

    async fn recycle(
        &self,
        slot: &mut Option<Connection>,
        _: &Metrics,
    ) -> RecycleResult<StoreError> {
        match slot {
            Some(connection) if !connection.client.is_closed() => Ok(()),
            _ => Err(RecycleError::message("its last request did not complete")),
        }
    }
}

impl Connector {
    async fn open_any(&self) -> Result<Connection, SettingsError> {
        let mut last = SettingsError::Io(io::ErrorKind::AddrNotAvailable.into());
        for endpoint in self.address.resolve().await? {
            match open(&endpoint).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

async fn open(endpoint: &Endpoint) -> Result<Connection, SettingsError> {
    let client = match endpoint {
        #[cfg(unix)]
        Endpoint::Tcp(address) if address.is_ipv6() => ipv6::connect(*address).await,
        _ => Client::new(endpoint.dsn()).await,
    };
    let client = match client {
        Ok(client) => client,
        Err(Error::Connect(error) | Error::Io(error)) => return Err(error.into()),
        Err(other) => return Err(io::Error::other(other).into()),
    };
    let settings = settings::ask(endpoint).await?;
    Ok(Connection { client, settings })
}
