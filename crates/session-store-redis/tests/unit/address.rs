//! Unit tests of `src/address.rs`.

use super::*;

fn named(url: &str) -> String {
    name(&parse(url).map_err(|error| error.to_string()).unwrap().config.server)
}

#[test]
fn every_kind_of_url() {
    assert_eq!(named("redis://user:pw@h:1/2"), "h:1");
    assert_eq!(named("redis://h"), "h:6379");
    assert_eq!(named("redis://[::1]:7"), "[::1]:7");
    assert_eq!(named("redis+unix:///run/redis.sock"), "/run/redis.sock");
    assert_eq!(named("redis-cluster://:pw@h:1?node=i:2"), "i:2, h:1");
    let sentinel = "rediss-sentinel://h:1?sentinelServiceName=m&sentinelPassword=pw";
    assert_eq!(named(sentinel), "m (by the Sentinels at h:1)");
    assert!(parse("rediss://h:1").is_ok_and(|address| address.tls));
    assert!(parse("redis://h:1").is_ok_and(|address| !address.tls));
}

#[test]
fn errors_never_quote_the_url() {
    for url in [
        "127.0.0.1:6379",
        "http://:hunter2@h:1",
        "redis://:hunter2@",
        "redis://:hunter2@h:port",
        "redis://:hunter2@h:1/x",
        "redis-sentinel://:hunter2@h:1",
        "redis-cluster://h:1?node=:hunter2@i:2",
    ] {
        let error = parse(url).err().unwrap();
        assert_eq!(error.kind(), StoreErrorKind::Config);
        let text = error.to_string();
        assert!(text.contains("expected redis://") && !text.contains("hunter2"), "{text}");
    }
}
