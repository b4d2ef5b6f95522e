//! The conformance suite: check by check on one server, and as a whole on a Cluster and behind Sentinels.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_conformance::{Fixture, Subject};
use session_servers::{Redis, RedisCluster, RedisSentinel};
use session_store_redis::RedisStore;

/// A store of its own for each check: a prefix that no other has.
fn subject(name: &str, url: String) -> Subject {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    Subject::new(move || {
        let prefix = format!("c{}:", NEXT.fetch_add(1, Ordering::Relaxed));
        let builder = RedisStore::builder(&url).prefix(prefix);
        async move {
            let again = builder.clone();
            Fixture::new(builder.connect().await.unwrap()).reopen(move || {
                let builder = again.clone();
                async move { builder.connect().await.unwrap() }
            })
        }
    })
    .named(name)
}

mod one_server {
    use super::{LazyLock, Redis, subject};

    static SERVER: LazyLock<Redis> = LazyLock::new(|| Redis::start().unwrap());
    session_conformance::suite!(subject("redis", SERVER.url()));
}

// Not a test for each check: where each runs in a process of its own, each would start six servers.
#[tokio::test(flavor = "multi_thread")]
async fn cluster() {
    let cluster = RedisCluster::start().unwrap();
    let report = session_conformance::run(subject("redis-cluster", cluster.url())).await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinel() {
    let group = RedisSentinel::start().unwrap();
    let report = session_conformance::run(subject("redis-sentinel", group.url())).await;
    assert!(report.passed(), "{report}");
}
