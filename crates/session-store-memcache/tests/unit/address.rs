//! Unit tests of `src/address.rs`.

use session_core::StoreErrorKind;

use super::*;

#[test]
fn accepts_the_documented_forms() {
    for good in [
        "127.0.0.1:11211",
        "localhost:1",
        "cache_1.example.com:65535",
        "[::1]:11211",
        "[2001:db8::7]:1",
        "unix:/run/memcached/a-1.sock",
        "unix:///run/memcached/a-1.sock",
    ] {
        assert_eq!(Address::parse(good).unwrap().name(), good);
    }
}

#[test]
fn refuses_anything_else_with_a_reason() {
    for (bad, why) in [
        ("", "port is missing"),
        ("localhost", "port is missing"),
        (":11211", "host is not"),
        ("a b:1", "host is not"),
        ("a\r\nflush_all:1", "host is not"),
        ("localhost:0", "port is not"),
        ("localhost:65536", "port is not"),
        ("[::1]", "port is missing"),
        ("[::1]11211", "port is missing"),
        ("[::1]:0", "port is not"),
        ("[localhost]:1", "not an IPv6 address"),
        ("::1", "belongs in brackets"),
        ("::1:11211", "belongs in brackets"),
        ("memcache://h:1", "URLs are not"),
        ("unix:socket", "start with '/'"),
        ("unix://host/s", "start with '/'"),
        ("unix:/a/../b", "no . or .."),
        ("unix:/a b", "letters, digits"),
    ] {
        let error = Address::parse(bad).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Config, "{bad}");
        assert!(error.to_string().contains(why), "{bad}: {error}");
    }
}
