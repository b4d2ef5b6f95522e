//! One server: its connection pool, its time limit, and the retry on a stale connection.

use std::io;
use std::time::Duration;

use session_core::StoreError;
use tokio::time::{Instant, timeout_at};

use crate::address::Address;
use crate::command::{self, Command, Failure, Outcome, Request};
use crate::connection::{ConnectionPool, Connector, Lease};
use crate::error;
use crate::placement::ServerHash;

/// What memcached adds to the key and the value of an item: its header, the CAS unique, a NUL after
/// the key and a line end after the value. Measured on 1.6.18, for keys of 78 to 250 bytes and item
/// sizes of 64 KiB to 8 MiB: always 59.
const ITEM_OVERHEAD: usize = 59;

pub(crate) struct Server {
    pub(crate) hash: ServerHash,
    pool: ConnectionPool,
    command_timeout: Duration,
}

/// The server's answer to a request.
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    /// Whether the request was sent twice. The first one may have been applied, unless this answer
    /// rules it out.
    pub(crate) repeated: bool,
}

/// Why an attempt has no answer.
enum AttemptError {
    /// The connection came from the pool, and the server had probably closed it before.
    Stale(StoreError),
    Failed(StoreError),
}

impl From<StoreError> for AttemptError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Server {
    pub(crate) fn new(
        address: Address,
        pool_size: usize,
        connect_timeout: Duration,
        command_timeout: Duration,
    ) -> Result<Self, StoreError> {
        let hash = ServerHash::of(address.name());
        let connector = Connector { address, connect_timeout };
        let pool = ConnectionPool::builder(connector)
            .max_size(pool_size)
            .build()
            .map_err(|error| error::config("the pool cannot be built").with_source(error))?;
        Ok(Self { hash, pool, command_timeout })
    }

    /// The address, as the user wrote it.
    pub(crate) fn name(&self) -> &str {
        self.pool.manager().address.name()
    }

    /// Sends `request`, and once more if the first connection was stale.
    ///
    /// It is safe to send any request twice: a load changes nothing, a second delete finds nothing,
    /// and a write has its condition. But the second answer may not tell what the first request
    /// did; see [`Answer::repeated`].
    pub(crate) async fn call(&self, request: &Request<'_>) -> Result<Answer, StoreError> {
        let deadline = Instant::now() + self.command_timeout;
        let first = self.attempt(request, deadline).await;
        let repeated = matches!(first, Err(AttemptError::Stale(_)));
        let last = if repeated { self.attempt(request, deadline).await } else { first };
        match last {
            Ok(outcome) => Ok(Answer { outcome, repeated }),
            Err(AttemptError::Stale(error) | AttemptError::Failed(error)) => Err(error),
        }
    }

    async fn attempt(
        &self,
        request: &Request<'_>,
        deadline: Instant,
    ) -> Result<Outcome, AttemptError> {
        let limit = self.command_timeout;
        let Ok(lease) = timeout_at(deadline, Lease::acquire(&self.pool)).await else {
            let connections = self.pool.status().max_size;
            return Err(error::busy(self.name(), connections, limit).into());
        };
        let mut lease = lease?;
        let item_size_max = lease.connection.settings.item_size_max;
        if let Err(error) = self.check_size(request, item_size_max) {
            lease.release();
            return Err(error.into());
        }
        let call = command::call(&mut lease.connection.client, request);
        let failure = match timeout_at(deadline, call).await {
            Ok(Ok(outcome)) => {
                lease.release();
                return Ok(outcome);
            }
            Ok(Err(failure)) => failure,
            Err(_) => {
                self.close_idle();
                return Err(error::slow(self.name(), limit).into());
            }
        };
        let mut stale = false;
        if let Failure::Disconnected(error) = &failure {
            self.close_idle();
            stale = lease.reused && is_closed_by_peer(error);
        }
        let error = error::failed(self.name(), failure);
        Err(if stale { AttemptError::Stale(error) } else { error.into() })
    }

    /// Closes the connections that are not in use. After a restart of the server, or a change of
    /// the network, they are as dead as the one that just failed, and each would fail a request.
    fn close_idle(&self) {
        let closed = self.pool.retain(|_, _| false).removed.len();
        let server = self.name();
        tracing::debug!(server, closed, "closed the idle connections to memcached");
    }

    /// Refuses a record that is too large before it is sent: memcached would also delete the record
    /// that it should replace.
    fn check_size(&self, request: &Request<'_>, limit: u64) -> Result<(), StoreError> {
        let Command::Set { body, .. } = request.command else {
            return Ok(());
        };
        let size = request.key.len() + body.len() + ITEM_OVERHEAD;
        match u64::try_from(size) {
            Ok(needed) if needed <= limit => Ok(()),
            _ => Err(error::too_large(self.name(), body.len(), size, limit)),
        }
    }
}

fn is_closed_by_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}
