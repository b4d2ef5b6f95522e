//! The errors of a server, by its name: the address as the user wrote it.

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

fn timeout(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::Timeout, message)
}

pub(crate) fn no_server() -> StoreError {
    config("no memcached server is named; name at least one")
}

/// A connection could not be opened.
pub(crate) fn connect(name: &str, error: SettingsError) -> StoreError {
    match error {
        SettingsError::Unsuitable(why) => {
            config(format!("memcached at {name} cannot hold sessions: {why}"))
        }
        SettingsError::Io(error) => unavailable(format!(
            "cannot connect to memcached at {name}; check the address, and that it runs"
        ))
        .with_source(error),
    }
}

pub(crate) fn connect_timeout(name: &str, limit: Duration) -> StoreError {
    timeout(format!("memcached at {name} did not accept a connection within {limit:?}"))
}

/// No connection became free in time.
pub(crate) fn busy(name: &str, connections: usize, limit: Duration) -> StoreError {
    timeout(format!(
        "none of the {connections} connections to memcached at {name} became free within {limit:?}"
    ))
}

/// The answer did not come in time.
pub(crate) fn slow(name: &str, limit: Duration) -> StoreError {
    timeout(format!("memcached at {name} did not answer within {limit:?}"))
}

pub(crate) fn failed(name: &str, failure: Failure) -> StoreError {
    match failure {
        Failure::NoRandom => unavailable("the operating system gives no random bytes"),
        Failure::Disconnected(error) => {
            unavailable(format!("the connection to memcached at {name} ended")).with_source(error)
        }
        Failure::ServerError(error) => {
            let mut message = format!("memcached at {name} refused the command");
            if let Error::Protocol(Status::Error(ErrorKind::Server(why) | ErrorKind::Client(why))) =
                &error
            {
                message += &format!(": {why}");
            }
            unavailable(message).with_source(error)
        }
        Failure::WrongAnswer => wrong_answer(name),
    }
}

pub(crate) fn wrong_answer(name: &str) -> StoreError {
    unavailable(format!(
        "memcached at {name} sent something that is not the answer to this request, so the \
         connection was closed; every answer, even to a miss, must repeat the request's key and \
         opaque token, as memcached 1.6.18 does"
    ))
}

/// A repeated write or delete found its condition or its record gone, perhaps because the first
/// one was applied.
pub(crate) fn unknown(name: &str) -> StoreError {
    unavailable(format!(
        "the connection to memcached at {name} ended during a write; whether the write was \
         applied is not known"
    ))
}

pub(crate) fn too_large(name: &str, body: usize, size: usize, limit: u64) -> StoreError {
    let message = format!(
        "the record has {body} bytes, {size} with its key and memcached's header, and memcached \
         at {name} takes {limit}; keep less in the session, or start the server with a larger -I"
    );
    StoreError::new(StoreErrorKind::TooLarge, message)
}
