//! From fred's errors to ours.
//!
//! What the server says may quote the arguments of a command, which are a key and a body: it is cut
//! before either is shown.

use fred::error::{Error, ErrorKind};
use session_core::{RecordKey, StoreError, StoreErrorKind};

/// A command failed.
pub(crate) fn command(error: &Error, address: &str, prefix: &str, key: &RecordKey) -> StoreError {
    let (kind, advice) = explain(error);
    let said = said(error, key);
    let message = match kind {
        StoreErrorKind::Corrupt => {
            let hex = key.hex();
            let digits = hex.get(..8).unwrap_or_default();
            format!(
                "the value under the prefix {prefix:?} whose key hash starts with {digits} {advice}"
            )
        }
        _ if advice.is_empty() => format!("Redis at {address}: {said}"),
        _ => format!("Redis at {address}: {said}: {advice}"),
    };
    StoreError::new(kind, message).with_source(Error::new(error.kind().clone(), said))
}

/// No connection could be made.
pub(crate) fn connect(error: &Error, address: &str, uses_tls: bool) -> StoreError {
    let (kind, advice) = explain(error);
    let advice = match (advice, error.kind()) {
        ("", kind) if uses_tls && *kind != ErrorKind::Config => {
            "if this port does not speak TLS, use the same URL without the s of its scheme"
        }
        ("", ErrorKind::IO) if was_cut(error.details()) => {
            "if this port speaks TLS, use a rediss:// URL"
        }
        (advice, _) => advice,
    };
    let said = tidy(error.details());
    let message = match advice {
        "" => format!("cannot connect to Redis at {address}: {said}"),
        advice => format!("cannot connect to Redis at {address}: {said}: {advice}"),
    };
    StoreError::new(kind, message).with_source(Error::new(error.kind().clone(), said))
}

/// Whether the server has closed the connection, as one does that expected TLS.
fn was_cut(details: &str) -> bool {
    ["ConnectionReset", "UnexpectedEof", "BrokenPipe"].iter().any(|kind| details.contains(kind))
        || details.contains("reset by peer")
}

/// The kind, and what to do about it.
fn explain(error: &Error) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Config, Corrupt, Timeout, Unavailable};
    let details = error.details();
    let code = details.split_whitespace().next().unwrap_or_default();
    match (error.kind(), code) {
        (ErrorKind::Timeout, _) => (Timeout, ""),
        (_, "WRONGTYPE") => (
            Corrupt,
            "is not a string, so it is not a record; it was not changed. Give the store a prefix \
             of its own",
        ),
        (_, "NOAUTH" | "WRONGPASS") => (Config, "check the user and the password in the URL"),
        (ErrorKind::Auth, _) => (Config, "check the user and the password in the URL"),
        (_, "NOPERM") => (Config, "docs/redis.md lists the commands that the user needs"),
        // A node answers a batch with CROSSSLOT.
        (_, "MOVED" | "ASK" | "CROSSSLOT") => (
            Config,
            "this is a node of a Cluster: use a redis-cluster:// URL, and restart if the \
                 Cluster had one node when the store was connected",
        ),
        (_, "OOM") => (Unavailable, "raise maxmemory (a policy that evicts would log users out)"),
        (_, "READONLY") => {
            (Unavailable, "this is a replica: name the master, or use a redis-sentinel:// URL")
        }
        (_, "ERR") if details.contains("unknown command") => {
            (Config, "docs/redis.md lists the commands that the server must know")
        }
        (_, "ERR") if details.contains("cluster support disabled") => {
            (Config, "this is no node of a Cluster: use a redis:// URL")
        }
        (_, "ERR") if details.contains("DB index") => {
            (Config, "the URL ends with the number of a database")
        }
        (ErrorKind::Protocol, _) => (
            Unavailable,
            "what answers there does not speak as Redis does: check the address, and whether it \
             wants TLS (rediss://)",
        ),
        (ErrorKind::Config, _) => (Config, ""),
        _ => match certificate(details) {
            Some(advice) => (Config, advice),
            None => (Unavailable, ""),
        },
    }
}

/// What is wrong with the server's certificate. rustls reports through an I/O error, whose text is
/// all that fred keeps.
fn certificate(details: &str) -> Option<&'static str> {
    let (_, why) = details.split_once("InvalidCertificate")?;
    Some(if why.contains("NotValidForName") {
        "the server's certificate is for another host: name the host as the certificate does"
    } else if why.contains("Expired") || why.contains("NotValidYet") {
        "the server's certificate is not valid at this time: renew it, or set this machine's clock"
    } else if why.contains("Revoked") {
        "the server's certificate was revoked: renew it"
    } else if why.contains("UnknownIssuer") {
        "the server's certificate is not trusted: add its authority with RedisStoreBuilder::tls, or \
         to the system's"
    } else {
        "the server's certificate was refused"
    })
}

/// What fred or the server said, without the arguments that it quotes.
fn said(error: &Error, key: &RecordKey) -> String {
    let mut said = tidy(error.details());
    for secret in key.plain().into_iter().chain([key.hex().as_str()]) {
        said = said.replace(secret, "..");
    }
    said
}

fn tidy(details: &str) -> String {
    // `Os { code: 111, kind: ConnectionRefused, message: "Connection refused" }` is how fred keeps
    // an I/O error, and `Custom { kind: Uncategorized, error: "failed to lookup address
    // information: .." }`.
    let quoted = ["message: \"", "error: \""];
    let message = quoted
        .iter()
        .find_map(|before| details.split_once(before)?.1.split_once('"'))
        .map_or(details, |(message, _)| message);
    let unquoted = message.split_once(", with args").map_or(message, |(message, _)| message);
    unquoted.chars().take(300).collect()
}

#[cfg(test)]
#[path = "../tests/unit/error.rs"]
mod tests;
