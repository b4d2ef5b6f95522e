//! Commands, lifetimes and sizes, as the server counts them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use bytes::Bytes;
use common::{TTL, body, builder, connect, insert, key, load, stored, update};
use session_core::{Condition, RecordStore, StoreErrorKind};
use session_servers::Memcached;
use session_store_memcache::MemcacheStore;

async fn put_for(store: &MemcacheStore, n: u64, ttl: Duration) {
    let put = store.put(&key(n), body(n), ttl, Condition::IfAbsent).await;
    stored(put.unwrap());
}

/// A load, a write and a delete are one command each.
#[tokio::test]
async fn one_command_for_each_operation() {
    let servers = Memcached::start_many(1).unwrap();
    let store = connect(&servers).await;
    let counts = || {
        let stats = servers[0].stats().unwrap();
        ["cmd_get", "cmd_set", "cmd_touch", "delete_hits"]
            .map(|name| stats[name].parse::<u64>().unwrap())
    };
    let [get, set, touch, deleted] = counts();

    for n in 0..10 {
        assert_eq!(load(&store, &key(n)).await, None);
    }
    assert_eq!(counts(), [get + 10, set, touch, deleted]);

    let mut versions = Vec::new();
    for n in 0..10 {
        versions.push(insert(&store, &key(n), body(n)).await);
    }
    assert_eq!(counts(), [get + 10, set + 10, touch, deleted]);

    for (n, version) in (0..10).zip(versions) {
        stored(update(&store, &key(n), body(n + 1), version).await);
    }
    assert_eq!(counts(), [get + 10, set + 20, touch, deleted]);

    for n in 0..10 {
        assert!(store.remove(&key(n)).await.unwrap());
    }
    assert_eq!(counts(), [get + 10, set + 20, touch, deleted + 10]);
}

#[tokio::test]
async fn the_longest_time_limit_does_not_overflow() {
    let servers = Memcached::start_many(1).unwrap();
    let store = builder(&servers).command_timeout(Duration::MAX);
    let store = store.connect().await.unwrap();
    insert(&store, &key(0), body(0)).await;
    assert!(load(&store, &key(0)).await.is_some());
}

/// memcached counts whole seconds. The test writes at different fractions of a second.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_expires_after_its_lifetime_and_not_before() {
    const LIFETIME: Duration = Duration::from_secs(1);
    let servers = Memcached::start_many(1).unwrap();
    let store = connect(&servers).await;
    let mut phases = tokio::task::JoinSet::new();
    for n in 0..20 {
        let store = store.clone();
        phases.spawn(async move {
            tokio::time::sleep(Duration::from_millis(50 * n)).await;
            let start = Instant::now();
            put_for(&store, n, LIFETIME).await;
            while load(&store, &key(n)).await.is_some() {
                assert!(start.elapsed() < Duration::from_secs(20), "it never expires");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            start.elapsed()
        });
    }
    for lived in phases.join_all().await {
        assert!(lived >= LIFETIME, "expired after {lived:?}");
    }
}

/// memcached would take a number of seconds over thirty days for a Unix time in 1970. It takes one
/// that does not fit into 32 bits for a time before 1970.
#[tokio::test]
async fn lifetimes_over_thirty_days() {
    const DAY: u64 = 24 * 60 * 60;
    let servers = Memcached::start_many(1).unwrap();
    let store = connect(&servers).await;
    for (n, days, forever) in
        [(0, 29, false), (1, 30, false), (2, 31, false), (3, 365, false), (4, 40_000, true)]
    {
        put_for(&store, n, Duration::from_secs(days * DAY)).await;
        assert!(load(&store, &key(n)).await.is_some(), "{days} days");
        let line = format!("mg remix:session:{} t", key(n).hex());
        let reply = servers[0].client().unwrap().command(&line).unwrap();
        match reply.strip_prefix("HD t").unwrap().parse::<u64>() {
            Ok(ttl) => assert!(!forever && (days * DAY..days * DAY + 5).contains(&ttl)),
            Err(_) => assert!(forever && reply == "HD t-1", "{days} days: {reply}"),
        }
    }
}

/// The largest record that the server takes is stored. One byte more is refused before it is sent,
/// and the old record survives.
#[tokio::test]
async fn item_size() {
    for kilobytes in [64, 1024] {
        let limit = usize::try_from(kilobytes).unwrap() * 1024;
        let server = Memcached::builder().item_size_kb(kilobytes);
        let servers = [server.start().unwrap()];
        for prefix in ["s:", "a:longer:prefix:for:the:keys:"] {
            let store = builder(&servers).prefix(prefix).connect().await.unwrap();
            let largest = limit - 59 - (prefix.len() + 64);
            let version = insert(&store, &key(1), Bytes::from(vec![b'x'; largest])).await;
            let sets = servers[0].stat("cmd_set").unwrap();

            let record = key(1);
            let too_large = Bytes::from(vec![b'x'; largest + 1]);
            let put = store.put(&record, too_large, TTL, Condition::IfVersion(version));
            let error = put.await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::TooLarge);
            for size in [largest + 1, limit + 1, limit] {
                assert!(error.to_string().contains(&size.to_string()), "{error}");
            }
            assert_eq!(servers[0].stat("cmd_set").unwrap(), sets, "it was sent");
            assert_eq!(load(&store, &record).await.unwrap().0.len(), largest);

            // The server itself has the same limit.
            let over = limit - 59 - "over".len() + 1;
            let command = format!("ms over {over}\r\n{}", "x".repeat(over));
            let reply = servers[0].client().unwrap().command(&command).unwrap();
            assert_eq!(reply, "SERVER_ERROR object too large for cache");
        }
    }
}
