//! Unit tests of `src/error.rs`.

use session_core::SessionId;

use super::*;

fn of(kind: ErrorKind, details: &'static str) -> StoreError {
    let key = RecordKey::plain_of(&SessionId::parse_foreign("secret-id").unwrap());
    command(&Error::new(kind, details), "h:1", "session:", &key)
}

#[test]
fn arguments_that_the_server_quotes_are_cut() {
    let error = of(
        ErrorKind::Unknown,
        "ERR unknown command 'EVAL', with args beginning with: 'ab' '1' 'session:secret-id'",
    );
    assert_eq!(error.kind(), StoreErrorKind::Config);
    let source = std::error::Error::source(&error).unwrap().to_string();
    for text in [error.to_string(), source] {
        assert!(text.contains("EVAL") && !text.contains("secret-id"), "{text}");
    }
}

#[test]
fn a_value_of_another_type_is_named_without_its_id() {
    let error = of(ErrorKind::InvalidArgument, "WRONGTYPE Operation against a key");
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    let text = error.to_string();
    assert!(text.contains("\"session:\"") && !text.contains("secret-id"), "{text}");
}

#[test]
fn kinds_tell_what_to_do() {
    use StoreErrorKind::{Config, Timeout, Unavailable};
    for (kind, details, expected) in [
        (ErrorKind::Timeout, "Request timed out.", Timeout),
        (ErrorKind::Auth, "NOAUTH Authentication required.", Config),
        (ErrorKind::Unknown, "NOPERM this user has no permissions", Config),
        (ErrorKind::Cluster, "MOVED 1 127.0.0.1:7000", Config),
        (ErrorKind::Unknown, "OOM command not allowed", Unavailable),
        (ErrorKind::Unknown, "LOADING Redis is loading", Unavailable),
        (ErrorKind::Cluster, "CLUSTERDOWN The cluster is down", Unavailable),
        (ErrorKind::IO, "Connection closed.", Unavailable),
    ] {
        assert_eq!(of(kind, details).kind(), expected, "{details}");
    }
}

#[test]
fn an_io_error_shows_its_message_alone() {
    for (details, message) in [
        (
            "Os { code: 111, kind: ConnectionRefused, message: \"Connection refused\" }",
            "Connection refused",
        ),
        (
            "Custom { kind: Uncategorized, error: \"failed to lookup address information\" }",
            "failed to lookup address information",
        ),
    ] {
        let error = connect(&Error::new(ErrorKind::IO, details), "h:1", false);
        let expected = format!("cannot connect to Redis at h:1: {message}");
        assert_eq!(error.to_string(), expected);
    }
}
