//! One server: its pool, its time limit, and what a request on a dead connection does.

use std::io;
use std::time::Duration;

use session_core::StoreError;
use tokio::time::{Instant, timeout_at};

use crate::address::Address;
use crate::command::{self, Command, Failure, Outcome, Request};
use crate::connection::{Connections, Connector, Lease};
use crate::error;
use crate::placement::Seat;

/// What memcached adds to each item: its header, the CAS unique, a NUL after the key and a line end after the value.
/// Measured on 1.6.18, for keys of 78 to 250 bytes and item sizes of 64 KiB to 8 MiB: always 59.
const ITEM_OVERHEAD: usize = 59;

/// A memcached server.
pub(crate) struct Server {
    pub(crate) seat: Seat,
    connections: Connections,
    command_timeout: Duration,
}

/// The server's answer to a request.
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    /// The request was sent twice: what the first one did is known only where this answer says so.
    pub(crate) repeated: bool,
}

/// Why an attempt gave no answer.
enum Missed {
    /// The connection was dead: the server may have closed it while it lay idle.
    Dead,
    Failed(StoreError),
}

impl Server {
    pub(crate) fn new(
        address: Address,
        pool_size: usize,
        connect_timeout: Duration,
        command_timeout: Duration,
    ) -> Result<Self, StoreError> {
        let seat = Seat::of(address.name());
        let connector = Connector {
            address,
            connect_timeout,
        };
        let connections = Connections::builder(connector)
            .max_size(pool_size)
            .build()
            .map_err(|error| error::config("the pool cannot be built").with_source(error))?;
        Ok(Self {
            seat,
            connections,
            command_timeout,
        })
    }

    /// The address, as the user wrote it.
    pub(crate) fn name(&self) -> &str {
        self.connections.manager().address.name()
    }

    /// Sends `request`, and once more where the first connection turned out to be dead.
    ///
    /// Every request may be sent twice without harm: a load changes nothing, a second delete finds nothing, and a write holds
    /// its condition. Only the answer to the second may mislead, and [`Answer::repeated`] says so.
    pub(crate) async fn call(&self, request: &Request<'_>) -> Result<Answer, StoreError> {
        let deadline = Instant::now() + self.command_timeout;
        let mut repeated = false;
        loop {
            match self.attempt(request, deadline, repeated).await {
                Ok(outcome) => return Ok(Answer { outcome, repeated }),
                Err(Missed::Failed(error)) => return Err(error),
                Err(Missed::Dead) => repeated = true,
            }
        }
    }

    async fn attempt(
        &self,
        request: &Request<'_>,
        deadline: Instant,
        last: bool,
    ) -> Result<Outcome, Missed> {
        let mut lease = timeout_at(deadline, Lease::take(&self.connections))
            .await
            .unwrap_or_else(|_| {
                let connections = self.connections.status().max_size;
                Err(error::busy(self.name(), connections, self.command_timeout))
            })
            .map_err(Missed::Failed)?;
        if let Err(error) = self.check_size(request, lease.connection.settings.item_size_max) {
            lease.finish();
            return Err(Missed::Failed(error));
        }
        let client = &mut lease.connection.client;
        let failure = match timeout_at(deadline, command::call(client, request)).await {
            Ok(Ok(outcome)) => {
                lease.finish();
                return Ok(outcome);
            }
            Ok(Err(failure)) => failure,
            Err(_) => {
                self.forget_idle();
                let error = error::slow(self.name(), self.command_timeout);
                return Err(Missed::Failed(error));
            }
        };
        if let Failure::Lost(error) = &failure {
            self.forget_idle();
            if lease.reused && !last && is_closed_by_peer(error) {
                return Err(Missed::Dead);
            }
        }
        Err(Missed::Failed(error::failed(self.name(), failure)))
    }

    /// Closes the connections that are not in use: after a restart, or where a route was lost, they are as dead as the one that
    /// just failed, and each would cost a request its time.
    fn forget_idle(&self) {
        let closed = self.connections.retain(|_, _| false).removed.len();
        let server = self.name();
        tracing::debug!(server, closed, "closed the idle connections to memcached");
    }

    /// Sent, a record that is too large would make the server drop the one before it as well.
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

/// The server had closed the connection, as far as one can tell.
fn is_closed_by_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}
