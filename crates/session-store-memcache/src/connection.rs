//! Connections, and the rule by which they go back to their pool.

use std::io;
use std::time::Duration;

use async_memcached::{Client, Error};
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult};
use session_core::StoreError;
use tokio::time::timeout;

use crate::address::{Address, Endpoint};
use crate::error;
use crate::settings::{self, Settings, SettingsError};

/// The connections to one server.
pub(crate) type Connections = Pool<Connector>;

/// A connection to one server process.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) settings: Settings,
}

/// A connection for one request, and its place in the pool.
///
/// The request owns the connection while it is under way; the place stays empty. [`finish`](Self::finish) puts it back, and
/// is called once the request's own answer was read to its end, or nothing was sent. Whatever else becomes of the request
/// drops the connection, which closes it: a future that is dropped half-way, a time limit, an error, an answer to another
/// request. The bytes that may still arrive on it can then reach nobody.
pub(crate) struct Lease {
    pub(crate) connection: Connection,
    /// Whether it has served a request before: the server may have closed it since.
    pub(crate) reused: bool,
    place: Object<Connector>,
}

impl Lease {
    /// Takes a connection out of the pool; a new one if none is idle.
    pub(crate) async fn take(pool: &Connections) -> Result<Self, StoreError> {
        let no_connection = || {
            let name = pool.manager().address.name();
            error::unavailable(format!("the pool has no connection to memcached at {name}"))
        };
        let mut place = pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            other => no_connection().with_source(other),
        })?;
        Ok(Self {
            connection: place.take().ok_or_else(no_connection)?,
            reused: Object::metrics(&place).recycle_count > 0,
            place,
        })
    }

    /// Puts the connection back for the next request.
    pub(crate) fn finish(mut self) {
        *self.place = Some(self.connection);
    }
}

/// Opens connections to one server.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) address: Address,
    pub(crate) connect_timeout: Duration,
}

impl Manager for Connector {
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
        place: &mut Option<Connection>,
        _: &Metrics,
    ) -> RecycleResult<StoreError> {
        match place {
            Some(connection) if !connection.client.is_closed() => Ok(()),
            _ => Err(RecycleError::message("its last request did not finish")),
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
    let client = match Client::new(endpoint.dsn()).await {
        Ok(client) => client,
        Err(Error::Connect(error) | Error::Io(error)) => return Err(error.into()),
        Err(other) => return Err(io::Error::other(other).into()),
    };
    let settings = settings::ask(endpoint).await?;
    Ok(Connection { client, settings })
}
