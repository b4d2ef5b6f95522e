//! The messages for what goes wrong with a server. `name` is its address as the user wrote it.

use std::io;
use std::time::Duration;

use async_memcached::{Error, ErrorKind, Status};
use session_core::{StoreError, StoreErrorKind};

use crate::command::Failure;
use crate::settings::SettingsError;

pub(crate) fn config(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Config, message)
}

pub(crate) fn unavailable(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, message)
}

fn timeout(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Timeout, message)
}

/// No connection could be opened.
pub(crate) fn connect(name: &str, error: SettingsError) -> StoreError {
    match error {
        SettingsError::Unfit(why) => {
            config(format!("memcached at {name} cannot hold sessions: {why}"))
        }
        SettingsError::Io(error) => unavailable(format!(
            "cannot connect to memcached at {name}; check the address, and that it runs"
        ))
        .with_source(error),
    }
}

/// A connection was not opened in time.
pub(crate) fn connect_timeout(name: &str, limit: Duration) -> StoreError {
    timeout(format!(
        "memcached at {name} did not take a connection within {limit:?}"
    ))
}

/// Every connection was in use for too long.
pub(crate) fn busy(name: &str, connections: usize, limit: Duration) -> StoreError {
    timeout(format!(
        "none of the {connections} connections to memcached at {name} became free within {limit:?}"
    ))
}

/// The answer did not come in time.
pub(crate) fn slow(name: &str, limit: Duration) -> StoreError {
    timeout(format!(
        "memcached at {name} did not answer within {limit:?}"
    ))
}

/// The connection ended before the answer came.
pub(crate) fn lost(name: &str, error: io::Error) -> StoreError {
    unavailable(format!("the connection to memcached at {name} ended")).with_source(error)
}

/// There is no answer to the request.
pub(crate) fn failed(name: &str, failure: Failure) -> StoreError {
    match failure {
        Failure::Lost(error) => lost(name, error),
        Failure::Refused(error) => {
            let message = match &error {
                Error::Protocol(Status::Error(
                    ErrorKind::Server(said) | ErrorKind::Client(said),
                )) => {
                    format!("memcached at {name} refused the command: {said}")
                }
                _ => format!("memcached at {name} refused the command"),
            };
            unavailable(message).with_source(error)
        }
        Failure::Foreign => foreign(name),
    }
}

/// What came is not the answer to the request.
pub(crate) fn foreign(name: &str) -> StoreError {
    unavailable(format!(
        "memcached at {name} sent what is not the answer to this request; the connection was closed (an answer carries the \
         request's key and opaque token, as memcached 1.6.18 sends them, a miss too)"
    ))
}

/// A repeated request was refused, perhaps because of what the first one did.
pub(crate) fn unknown(name: &str) -> StoreError {
    unavailable(format!(
        "the connection to memcached at {name} ended during a write; whether it was applied is not known"
    ))
}

/// The record is larger than the server takes.
pub(crate) fn too_large(name: &str, body: usize, size: usize, limit: u64) -> StoreError {
    StoreError::new(
        StoreErrorKind::TooLarge,
        format!(
            "the record has {body} bytes, {size} with its key and memcached's header, and memcached at {name} takes {limit}; \
             keep less in the session, or start the server with a larger -I"
        ),
    )
}
