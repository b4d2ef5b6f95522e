//! Unit tests of `src/address.rs`.

use super::*;

fn parsed(url: &str) -> Address {
    parse(url).map_err(|error| error.to_string()).unwrap()
}

fn named(url: &str) -> String {
    name(&parsed(url).config.server)
}

#[test]
fn every_kind_of_url() {
    assert_eq!(named("redis://user:pw@h:1/2"), "h:1");
    assert_eq!(named("redis://h"), "h:6379");
    assert_eq!(named("redis://h/"), "h:6379");
    assert_eq!(named("redis://[::1]:7"), "[::1]:7");
    assert_eq!(named("redis://[fe80::1%25eth0]"), "[fe80::1%eth0]:6379");
    assert_eq!(named("redis+unix:///run/redis.sock"), "/run/redis.sock");
    assert_eq!(named("redis-cluster://:pw@h:1?node=i:2&node=[::1]"), "h:1, i:2, [::1]:6379");
    assert_eq!(named("redis-cluster://h/0"), "h:6379");
    let sentinel = "rediss-sentinel://h?sentinelServiceName=m&sentinelPassword=pw";
    assert_eq!(named(sentinel), "m (by the Sentinels at h:26379)");
    assert!(parsed("rediss://h:1").tls && !parsed("redis://h:1").tls);
}

#[test]
fn users_passwords_and_databases() {
    for (url, user, password, database) in [
        ("redis://h", None, None, None),
        ("redis://:pw@h/0", None, Some("pw"), Some(0)),
        ("redis://svc:p%23%2F%3F%40%3A%25w@h/255", Some("svc"), Some("p#/?@:%w"), Some(255)),
        ("redis://svc:a:b@c@h/3", Some("svc"), Some("a:b@c"), Some(3)),
        ("redis+unix:///s", None, None, None),
        ("redis+unix://svc:pw@/s?db=3", Some("svc"), Some("pw"), Some(3)),
        ("redis+unix://:pw@/s", None, Some("pw"), None),
        ("redis-cluster://svc:pw@h", Some("svc"), Some("pw"), None),
        ("redis-sentinel://:pw@h/4?sentinelServiceName=m", None, Some("pw"), Some(4)),
    ] {
        let config = parsed(url).config;
        assert_eq!(config.username.as_deref(), user, "{url}");
        assert_eq!(config.password.as_deref(), password, "{url}");
        assert_eq!(config.database, database, "{url}");
    }
    let url = "redis-sentinel://h?sentinelUsername=u&sentinelPassword=p%26w&sentinelServiceName=m";
    let ServerConfig::Sentinel { username, password, .. } = parsed(url).config.server else {
        panic!()
    };
    assert_eq!((username.as_deref(), password.as_deref()), (Some("u"), Some("p&w")));
}

/// Nothing in a URL is ignored, and no error quotes it.
#[test]
fn what_means_nothing_is_an_error_that_names_the_part() {
    for (url, part) in [
        ("127.0.0.1:6379", "no scheme"),
        ("http://:hunter2@h:1", "another scheme"),
        ("redis://:hunter2@", "no host"),
        ("redis://:hunter2@:1", "no host"),
        ("redis://:hunter2@h:port", "a port"),
        ("redis://:hunter2@h:0", "a port"),
        ("redis://:hunter2@h:1/x", "database"),
        ("redis://:hunter2@h:1/256", "database"),
        ("redis://:hunter2@h:1/+1", "database"),
        ("redis://:hunter2@h:1/0/1", "database"),
        ("redis://:hunter2@h?db=3", "its path"),
        ("redis://h?ssl_cert_reqs=none", "\"ssl_cert_reqs\""),
        ("redis://h?node=i:1", "\"node\""),
        ("redis+unix:///s?node=i:1", "\"node\""),
        ("redis+unix://h/s", "a host"),
        ("redis+unix://", "no path"),
        ("redis+unix:///s?db=hunter2", "database"),
        ("redis+unix:///s?db=1&db=2", "more than once"),
        ("redis-cluster://h/1", "only number 0"),
        ("redis-cluster://h?node=:hunter2@i:2", "an @"),
        ("redis-cluster://h?sentinelServiceName=m", "\"sentinelServiceName\""),
        ("redis-sentinel://:hunter2@h:1", "which master"),
        ("redis-sentinel://h?sentinelServiceName=m&sentinelUsername=hunter2", "no password"),
        ("redis://hunter2@h", "no password"),
        ("redis://hunter2:@h", "no password"),
        ("redis://:begin@hunter2#end@127.0.0.1:6379", "# as %23"),
        ("redis://:begin@hunter2?end@127.0.0.1:6379", "? as %3F"),
        ("redis://:begin@hunter2/end@127.0.0.1:6379", "/ as %2F"),
        ("redis://:hunter2/end", "/ as %2F"),
        ("redis://:%FFhunter2@h", "UTF-8"),
    ] {
        let error = parse(url).err().unwrap_or_else(|| panic!("{url} is accepted"));
        assert_eq!(error.kind(), StoreErrorKind::Config);
        let text = format!("{error} {error:?}");
        assert!(text.contains("expected redis://") && text.contains(part), "{url}: {text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
