//! The conformance suite: check by check on one server, and as a whole on a Cluster
//! and behind Sentinels.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_conformance::{Fixture, Subject};
use session_servers::{Program, Redis, RedisCluster, RedisSentinel};
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

mod redis {
    use super::{LazyLock, Redis, subject};

    static SERVER: LazyLock<Redis> = LazyLock::new(|| Redis::start().unwrap());
    session_conformance::suite!(subject("redis", SERVER.url()));
}

mod valkey {
    use super::{LazyLock, Program, Redis, subject};

    static SERVER: LazyLock<Redis> =
        LazyLock::new(|| Redis::builder().program(Program::Valkey).start().unwrap());
    session_conformance::suite!(subject("valkey", SERVER.url()));
}

// Not a test for each check: where each runs in a process of its own, each would start six
// servers.
async fn passes_on_a_cluster(name: &str, programs: [Program; 3]) {
    let cluster = RedisCluster::start_with(programs).unwrap();
    let report = session_conformance::run(subject(name, cluster.url())).await;
    assert!(report.passed(), "{report}");
}

async fn passes_with_sentinels(name: &str, program: Program) {
    let group = RedisSentinel::start_with(program).unwrap();
    let report = session_conformance::run(subject(name, group.url())).await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_cluster() {
    passes_on_a_cluster("redis-cluster", [Program::Redis; 3]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn valkey_cluster() {
    passes_on_a_cluster("valkey-cluster", [Program::Valkey; 3]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_sentinel() {
    passes_with_sentinels("redis-sentinel", Program::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn valkey_sentinel() {
    passes_with_sentinels("valkey-sentinel", Program::Valkey).await;
}
