//! A server that listens on IPv6, by its address and by names.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::net::ToSocketAddrs;

use common::{body, key, put};
use session_core::{Condition, PutOutcome, RecordStore};
use session_servers::Memcached;
use session_store_memcache::MemcacheStore;

fn port(server: &Memcached) -> String {
    server.addr().rsplit(':').next().unwrap().to_owned()
}

/// Names in `/etc/hosts` that stand for `::1` alone.
fn names() -> Vec<&'static str> {
    let mut names = vec!["ip6-localhost", "ip6-loopback", "localhost6"];
    names.retain(|name| {
        let found = (*name, 1).to_socket_addrs();
        found.is_ok_and(|mut found| found.all(|address| address.is_ipv6()))
    });
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn over_ipv6_by_address_and_by_name() {
    let server = Memcached::builder().args(&["-l", "::1"]).start().unwrap();
    let mut hosts = vec!["[::1]"];
    hosts.extend(names());
    println!("{hosts:?}");
    for (number, host) in (0..).zip(hosts) {
        let store = MemcacheStore::connect([format!("{host}:{}", port(&server))]).await.unwrap();
        let stored = put(&store, &key(number), body(1), Condition::IfAbsent).await;
        let PutOutcome::Stored(version) = stored else { panic!("{stored:?}") };
        let mut writers = tokio::task::JoinSet::new();
        for of in 100..132 {
            let store = store.clone();
            writers.spawn(async move {
                drop(put(&store, &key(number * 1000 + of), body(of), Condition::IfAbsent).await);
                store.load(&key(number * 1000 + of)).await.unwrap().unwrap().body == body(of)
            });
        }
        assert!(writers.join_all().await.into_iter().all(|is_right| is_right));
        let put = put(&store, &key(number), body(2), Condition::IfVersion(version)).await;
        assert!(matches!(put, PutOutcome::Stored(_)));
        assert_eq!(store.load(&key(number)).await.unwrap().unwrap().body, body(2));
    }
}

/// As over IPv4: a server that comes back is used again.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_no_request_fails() {
    let server = Memcached::builder().args(&["-l", "::1"]).start().unwrap();
    let store = MemcacheStore::connect([format!("[::1]:{}", port(&server))]).await.unwrap();
    for round in 0..3 {
        let put = put(&store, &key(round), body(round), Condition::IfAbsent).await;
        assert!(matches!(put, PutOutcome::Stored(_)));
        server.kill();
        server.restart().unwrap();
        assert!(store.load(&key(round)).await.unwrap().is_none());
    }
}
