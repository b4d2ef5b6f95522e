//! The three commands that the store sends, and the check that an answer belongs to its request.

use std::io;

use async_memcached::{Client, Error, ErrorKind, MetaProtocol, MetaValue, Status};
use ring::error::Unspecified;
use ring::rand::{self, SystemRandom};

/// A command for one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) key: &'a str,
    pub(crate) command: Command<'a>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Command<'a> {
    /// Reads the value and its CAS unique.
    Get,
    /// Writes `body` if `condition` holds. `condition` and `lifetime` are flags of the meta set
    /// command.
    Set {
        body: &'a [u8],
        condition: &'a str,
        lifetime: &'a str,
    },
    Delete,
}

/// What the server did.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// The value, and its CAS unique.
    Found(Vec<u8>, u64),
    /// There is nothing at the key.
    Absent,
    /// The value was written; its new CAS unique.
    Stored(u64),
    /// The condition did not hold.
    Refused,
    Deleted,
}

/// Why a request has no outcome. The connection must not be used again.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request was not sent, because the operating system gives no random bytes.
    NoRandom,
    /// The connection ended.
    Disconnected(io::Error),
    /// The server answered with an error.
    ServerError(Error),
    /// The answer does not belong to the request.
    WrongAnswer,
}

/// Sends `request`, and reads the answer.
///
/// The server repeats the request's key and opaque token in every answer. An answer without them
/// belongs to another request, and may hold another session's data. The token is random, so that
/// neither a forked process nor a copied virtual machine uses the same one.
pub(crate) async fn call(client: &mut Client, request: &Request<'_>) -> Result<Outcome, Failure> {
    let opaque = match rand::generate::<[u8; 8]>(&SystemRandom::new()) {
        Ok(random) => format!("{:016x}", u64::from_ne_bytes(random.expose())),
        Err(Unspecified) => return Err(Failure::NoRandom),
    };
    let token = Some(opaque.as_bytes());
    let key = request.key;
    let answer = match request.command {
        Command::Get => {
            let flags = ["v", "c", "k"];
            client.meta_get(key, false, token, Some(&flags)).await
        }
        Command::Set { body, condition, lifetime } => {
            let flags = [condition, lifetime, "c", "k"];
            client.meta_set(key, body, false, token, Some(&flags)).await
        }
        Command::Delete => client.meta_delete(key, false, token, Some(&["k"])).await,
    };
    match answer {
        Ok(Some(answer)) if belongs(&answer, key, &opaque) => {
            outcome(request.command, answer).ok_or(Failure::WrongAnswer)
        }
        Ok(_) => Err(Failure::WrongAnswer),
        Err(Error::Io(error)) => Err(Failure::Disconnected(error)),
        // The client's parser could not read the answer.
        Err(Error::Protocol(Status::Error(ErrorKind::Protocol(_) | ErrorKind::Generic(_)))) => {
            Err(Failure::WrongAnswer)
        }
        // A bare `EN`, `NS`, `EX` or `NF`, without the flags that the request asked for.
        Err(Error::Protocol(status)) if !matches!(status, Status::Error(_)) => {
            Err(Failure::WrongAnswer)
        }
        Err(error) => Err(Failure::ServerError(error)),
    }
}

fn belongs(answer: &MetaValue, key: &str, opaque: &str) -> bool {
    answer.key.as_deref() == Some(key.as_bytes())
        && answer.opaque_token.as_deref() == Some(opaque.as_bytes())
}

/// What `answer` means for `command`; `None` if the command never has such an answer.
fn outcome(command: Command<'_>, answer: MetaValue) -> Option<Outcome> {
    Some(match (command, answer.status?) {
        // The client library returns no data for an empty value.
        (Command::Get, Status::Value) => {
            Outcome::Found(answer.data.unwrap_or_default(), answer.cas?)
        }
        (Command::Set { .. }, Status::Stored) => Outcome::Stored(answer.cas?),
        (Command::Set { .. }, Status::NotStored | Status::Exists | Status::NotFound) => {
            Outcome::Refused
        }
        (Command::Delete, Status::Deleted) => Outcome::Deleted,
        (Command::Get | Command::Delete, Status::NotFound) => Outcome::Absent,
        _ => return None,
    })
}

#[cfg(test)]
#[path = "../tests/unit/command.rs"]
mod tests;
