//! The three commands that the store sends, and the check that an answer belongs to its request.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use async_memcached::{Client, Error, ErrorKind, MetaProtocol, MetaValue, Status};

/// A command for one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) key: &'a str,
    pub(crate) command: Command<'a>,
}

/// What is to be done at the key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Command<'a> {
    /// The value and its version, in one answer.
    Get,
    /// Writes `body` if `condition` (a flag of the meta set command) holds.
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
    /// Written; the new CAS unique.
    Stored(u64),
    /// The condition did not hold.
    Refused,
    Deleted,
}

/// Why a request has no answer. In each case the connection must not be used again.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection ended.
    Lost(io::Error),
    /// The server said that it cannot.
    Refused(Error),
    /// What came back is not the answer to this request.
    Foreign,
}

/// Repeated by the server in its answer; no other request of this process has the same.
static NEXT_OPAQUE: AtomicU64 = AtomicU64::new(1);

/// Sends `request` and reads its own answer.
///
/// Every answer carries the request's key and opaque token, a miss and a refusal too: one that does not is another request's.
pub(crate) async fn call(client: &mut Client, request: &Request<'_>) -> Result<Outcome, Failure> {
    let opaque = format!("{:x}", NEXT_OPAQUE.fetch_add(1, Ordering::Relaxed));
    let token = Some(opaque.as_bytes());
    let key = request.key;
    let answer = match request.command {
        Command::Get => {
            let flags = ["v", "c", "k"];
            client.meta_get(key, false, token, Some(&flags)).await
        }
        Command::Set {
            body,
            condition,
            lifetime,
        } => {
            let flags = [condition, lifetime, "c", "k"];
            client.meta_set(key, body, false, token, Some(&flags)).await
        }
        Command::Delete => client.meta_delete(key, false, token, Some(&["k"])).await,
    };
    match answer {
        Ok(Some(answer)) if belongs(&answer, key, &opaque) => {
            outcome(request.command, answer).ok_or(Failure::Foreign)
        }
        Ok(_) => Err(Failure::Foreign),
        Err(Error::Io(error)) => Err(Failure::Lost(error)),
        // A bare `EN`, `NS`, `EX` or `NF`, without the flags that were asked for.
        Err(Error::Protocol(status)) if !matches!(status, Status::Error(_)) => {
            Err(Failure::Foreign)
        }
        // The parser's own complaint: bytes that are no answer at all.
        Err(Error::Protocol(Status::Error(ErrorKind::Protocol(_) | ErrorKind::Generic(_)))) => {
            Err(Failure::Foreign)
        }
        Err(error) => Err(Failure::Refused(error)),
    }
}

fn belongs(answer: &MetaValue, key: &str, opaque: &str) -> bool {
    answer.key.as_deref() == Some(key.as_bytes())
        && answer.opaque_token.as_deref() == Some(opaque.as_bytes())
}

/// What a status means as the answer to `command`; `None` for one that it never has.
fn outcome(command: Command<'_>, answer: MetaValue) -> Option<Outcome> {
    Some(match (command, answer.status?) {
        // The client library hands out no data for an empty value.
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
mod tests {
    use super::*;

    #[test]
    fn an_answer_belongs_by_key_and_opaque() {
        let answer = |key: Option<&str>, opaque: Option<&str>| MetaValue {
            key: key.map(|key| key.as_bytes().to_vec()),
            opaque_token: opaque.map(|opaque| opaque.as_bytes().to_vec()),
            ..MetaValue::default()
        };
        assert!(belongs(&answer(Some("a"), Some("1")), "a", "1"));
        for (key, opaque) in [
            (Some("b"), Some("1")),
            (Some("a"), Some("2")),
            (None, Some("1")),
            (Some("a"), None),
        ] {
            assert!(!belongs(&answer(key, opaque), "a", "1"));
        }
    }
}
