//! One server: its pool, its time limits, and what a request on a dead connection does.

use std::io;
use std::time::Duration;

use async_memcached::{ErrorKind, MetaValue, Status};
use session_core::{StoreError, StoreErrorKind};
use tokio::time::{Instant, timeout_at};

use crate::address::Address;
use crate::command::{self, Command, Failure, Request};
use crate::connection::{Connections, Connector, Lease};
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
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) value: MetaValue,
    /// The request was sent twice: what the first one did is known only where this answer says so.
    pub(crate) repeated: bool,
}

/// Why an attempt gave no answer.
enum Missed {
    /// The connection was found dead: the server may have closed it while it lay idle.
    Dead(StoreError),
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
            .map_err(|error| {
                StoreError::new(StoreErrorKind::Config, "the pool cannot be built")
                    .with_source(error)
            })?;
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

    /// Sends `request`, and once more on a fresh connection if the first was closed while it lay idle.
    ///
    /// Every request may be sent twice without harm: a load and a delete do nothing that a second one would add to, and a
    /// write holds its condition. Only the answer to the second may mislead, and [`Answer::repeated`] says so.
    pub(crate) async fn call(&self, request: &Request<'_>) -> Result<Answer, StoreError> {
        let deadline = Instant::now() + self.command_timeout;
        let (value, repeated) = match self.attempt(request, deadline).await {
            Ok(value) => (value, false),
            Err(Missed::Failed(error)) => return Err(error),
            Err(Missed::Dead(_)) => match self.attempt(request, deadline).await {
                Ok(value) => (value, true),
                Err(Missed::Failed(error) | Missed::Dead(error)) => return Err(error),
            },
        };
        Ok(Answer { value, repeated })
    }

    async fn attempt(&self, request: &Request<'_>, deadline: Instant) -> Result<MetaValue, Missed> {
        let mut lease = timeout_at(deadline, Lease::take(&self.connections))
            .await
            .unwrap_or_else(|_| Err(self.busy()))
            .map_err(Missed::Failed)?;
        if let Command::Set { body, .. } = request.command {
            let limit = lease.connection.settings.item_size_max;
            if let Err(error) = self.check_size(request.key.len(), body.len(), limit) {
                lease.finish();
                return Err(Missed::Failed(error));
            }
        }
        let client = &mut lease.connection.client;
        match timeout_at(deadline, command::call(client, request)).await {
            Ok(Ok(value)) => {
                lease.finish();
                Ok(value)
            }
            Ok(Err(Failure::Lost(error))) => {
                // A restart or a dropped route ends every connection: the idle ones are not worth a try each.
                self.forget_idle();
                let dead = lease.reused && is_closed_by_peer(&error);
                let error = self.lost(error);
                Err(if dead {
                    Missed::Dead(error)
                } else {
                    Missed::Failed(error)
                })
            }
            Ok(Err(failure)) => Err(Missed::Failed(self.failed(failure))),
            Err(_) => {
                self.forget_idle();
                Err(Missed::Failed(self.slow()))
            }
        }
    }

    /// Closes the connections that are not in use.
    fn forget_idle(&self) {
        let closed = self.connections.retain(|_, _| false).removed.len();
        tracing::debug!(
            server = self.name(),
            closed,
            "closed idle connections to memcached"
        );
    }

    /// Sent, a record that is too large would make the server drop the one before it as well.
    fn check_size(&self, key: usize, body: usize, limit: u64) -> Result<(), StoreError> {
        let size = key.saturating_add(body).saturating_add(ITEM_OVERHEAD);
        if u64::try_from(size).is_ok_and(|size| size <= limit) {
            return Ok(());
        }
        Err(StoreError::new(
            StoreErrorKind::TooLarge,
            format!(
                "the record has {body} bytes, {size} with its key and memcached's header, and memcached at {} takes \
                 {limit}; keep less in the session, or start the server with a larger -I",
                self.name()
            ),
        ))
    }

    fn busy(&self) -> StoreError {
        StoreError::new(
            StoreErrorKind::Timeout,
            format!(
                "none of the {} connections to memcached at {} became free within {:?}",
                self.connections.status().max_size,
                self.name(),
                self.command_timeout
            ),
        )
    }

    fn slow(&self) -> StoreError {
        StoreError::new(
            StoreErrorKind::Timeout,
            format!(
                "memcached at {} did not answer within {:?}",
                self.name(),
                self.command_timeout
            ),
        )
    }

    fn lost(&self, error: io::Error) -> StoreError {
        StoreError::new(
            StoreErrorKind::Unavailable,
            format!("the connection to memcached at {} ended", self.name()),
        )
        .with_source(error)
    }

    fn failed(&self, failure: Failure) -> StoreError {
        let name = self.name();
        match failure {
            Failure::Lost(error) => self.lost(error),
            Failure::Refused(error) => {
                let what = match &error {
                    async_memcached::Error::Protocol(Status::Error(ErrorKind::Server(said))) => {
                        said
                    }
                    _ => "see the source",
                };
                StoreError::new(
                    StoreErrorKind::Unavailable,
                    format!("memcached at {name} refused the command: {what}"),
                )
                .with_source(error)
            }
            Failure::Foreign => StoreError::new(
                StoreErrorKind::Unavailable,
                format!(
                    "memcached at {name} sent what is not the answer to this request; its connection was closed \
                     (memcached 1.6.10 or newer repeats the request's key and opaque token in every answer)"
                ),
            ),
        }
    }

    /// The answer has a status that this command never has.
    pub(crate) fn unexpected(&self, status: Option<Status>) -> StoreError {
        StoreError::new(
            StoreErrorKind::Unavailable,
            format!(
                "memcached at {} answered with an unexpected status, {status:?}",
                self.name()
            ),
        )
    }

    /// A repeated request was refused, perhaps because of what the first one did.
    pub(crate) fn unknown(&self) -> StoreError {
        StoreError::new(
            StoreErrorKind::Unavailable,
            format!(
                "the connection to memcached at {} ended during a write; whether it was applied is not known",
                self.name()
            ),
        )
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
