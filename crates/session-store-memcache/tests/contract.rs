//! The contract of `RecordStore`, on one server, on three, and over a unix socket.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use bytes::Bytes;
use common::{body, builder, connect, insert, key, load, put, stored, update};
use session_core::{Condition, PutOutcome, RecordStore, Version};
use session_servers::Memcached;
use session_store_memcache::MemcacheStore;

async fn conditions(store: &MemcacheStore) {
    for n in 0..60 {
        let (key, body) = (key(n), body(n));
        assert_eq!(load(store, &key).await, None);
        assert!(!store.remove(&key).await.unwrap());
        let outcome = update(store, &key, body.clone(), Version::from(7)).await;
        assert_eq!(outcome, PutOutcome::Refused);
        assert_eq!(load(store, &key).await, None);

        let first = insert(store, &key, body.clone()).await;
        let outcome = put(store, &key, Bytes::new(), Condition::IfAbsent).await;
        assert_eq!(outcome, PutOutcome::Refused);
        assert_eq!(load(store, &key).await, Some((body.clone(), first.clone())));

        let next = Bytes::from(format!("next {n}"));
        let second = stored(update(store, &key, next.clone(), first.clone()).await);
        assert_ne!(first, second);
        for stale in [
            first,
            Version::from(0),
            Version::from(u64::MAX),
            Version::from_bytes(b"another store's"),
        ] {
            let outcome = update(store, &key, body.clone(), stale).await;
            assert_eq!(outcome, PutOutcome::Refused);
        }
        assert_eq!(load(store, &key).await, Some((next, second)));

        assert!(store.remove(&key).await.unwrap());
        assert_eq!(load(store, &key).await, None);
    }
}

async fn bodies(store: &MemcacheStore) {
    let large: Vec<u8> = (0..1_000_000u32).map(|n| n.to_le_bytes()[0]).collect();
    for (n, body) in (1000..).zip([
        Vec::new(),
        b"\0".to_vec(),
        b"  ".to_vec(),
        b"\r\nEN\r\n".to_vec(),
        (0..=255).collect(),
        large,
    ]) {
        let (key, body) = (key(n), Bytes::from(body));
        let version = insert(store, &key, body.clone()).await;
        assert!(load(store, &key).await == Some((body.clone(), version.clone())));
        let version = stored(update(store, &key, body.clone(), version).await);
        assert!(load(store, &key).await == Some((body, version)));
    }
}

/// Exactly one of many concurrent inserts is stored, and a counter loses no increment.
async fn races(store: &MemcacheStore) {
    let key = key(2000);
    let mut inserts = tokio::task::JoinSet::new();
    for n in 0..32 {
        let (store, key) = (store.clone(), key.clone());
        inserts.spawn(async move { put(&store, &key, body(n), Condition::IfAbsent).await });
    }
    let outcomes = inserts.join_all().await;
    let stored_inserts = outcomes.iter().filter(|outcome| **outcome != PutOutcome::Refused);
    assert_eq!(stored_inserts.count(), 1);

    let (_, version) = load(store, &key).await.unwrap();
    stored(update(store, &key, Bytes::from_static(b"0"), version).await);
    let mut counters = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (store, key) = (store.clone(), key.clone());
        counters.spawn(async move {
            for _ in 0..25 {
                loop {
                    let (body, version) = load(&store, &key).await.unwrap();
                    let count: u64 = std::str::from_utf8(&body).unwrap().parse().unwrap();
                    let next = Bytes::from((count + 1).to_string());
                    if update(&store, &key, next, version).await != PutOutcome::Refused {
                        break;
                    }
                }
            }
        });
    }
    counters.join_all().await;
    assert_eq!(load(store, &key).await.unwrap().0, "400");
}

async fn contract(servers: &[Memcached]) {
    let store = connect(servers).await;
    conditions(&store).await;
    bodies(&store).await;
    races(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server() {
    contract(&Memcached::start_many(1).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_servers() {
    let servers = Memcached::start_many(3).unwrap();
    contract(&servers).await;
    for server in &servers {
        assert!(server.stat("cmd_set").unwrap() > 50, "each server holds a share");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unix_socket() {
    contract(&[Memcached::builder().unix_socket().start().unwrap()]).await;
}

/// The prefix is part of the key, even the longest one.
#[tokio::test]
async fn prefixes() {
    let servers = Memcached::start_many(1).unwrap();
    let long = "p".repeat(186);
    for prefix in ["", "shop:", long.as_str()] {
        let store = builder(&servers).prefix(prefix).connect().await.unwrap();
        insert(&store, &key(1), Bytes::from(prefix.to_owned())).await;
        assert_eq!(load(&store, &key(1)).await.unwrap().0, prefix);
    }
    insert(&connect(&servers).await, &key(1), body(1)).await;
    let line = format!("mg remix:session:{} s", key(1).hex());
    let reply = servers[0].client().unwrap().command(&line).unwrap();
    assert_eq!(reply, format!("HD s{}", body(1).len()));
}
