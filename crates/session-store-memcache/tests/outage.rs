//! Servers that are absent, that die, and that come back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::{body, builder, connect, insert, key, load, names, put};
use session_core::{Condition, PutOutcome, RecordStore, StoreErrorKind};
use session_servers::Memcached;
use session_store_memcache::MemcacheStore;
use tokio::net::TcpListener;

const LIMIT: Duration = Duration::from_secs(1);

/// The limit, with a margin for a busy machine.
const AT_MOST: Duration = Duration::from_secs(3);

#[tokio::test]
async fn wrong_addresses() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let absent = taken.local_addr().unwrap().to_string();
    drop(taken);
    for (name, kind) in [
        (absent.as_str(), StoreErrorKind::Unavailable),
        ("unix:/nowhere/memcached.sock", StoreErrorKind::Unavailable),
        ("no-such-host.invalid:11211", StoreErrorKind::Unavailable),
        ("::1:11211", StoreErrorKind::Config),
        ("localhost", StoreErrorKind::Config),
    ] {
        let start = Instant::now();
        let error = MemcacheStore::connect([name]).await.unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        let slow_lookup = error.kind() == StoreErrorKind::Timeout && name.contains("invalid");
        assert!(error.kind() == kind || slow_lookup, "{name}: {error:?}");
        assert!(start.elapsed() < AT_MOST, "{name}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_server_without_compare_and_swap_is_refused() {
    let servers = [Memcached::builder().args(&["-C"]).start().unwrap()];
    let error = builder(&servers).connect().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Config);
    assert!(error.to_string().contains("without -C"), "{error}");
}

/// After a restart, every connection in the pool is dead.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_no_request_fails() {
    let servers = Memcached::start_many(1).unwrap();
    let store = connect(&servers).await;
    for round in 0..3 {
        let mut fill_pool = tokio::task::JoinSet::new();
        for n in 0..64 {
            let store = store.clone();
            fill_pool.spawn(async move {
                drop(put(&store, &key(n), body(n), Condition::IfAbsent).await)
            });
        }
        fill_pool.join_all().await;
        servers[0].kill();
        servers[0].restart().unwrap();

        let mut after_restart = tokio::task::JoinSet::new();
        for n in 0..64 {
            let store = store.clone();
            after_restart.spawn(async move {
                match (n + round) % 3 {
                    0 => assert_eq!(load(&store, &key(n)).await, None),
                    1 => drop(insert(&store, &key(n), body(n)).await),
                    _ => {
                        let if_version = Condition::IfVersion(1_000_000.into());
                        // Refused, or an unknown outcome if the request was repeated.
                        let put = store.put(&key(n), body(n), LIMIT, if_version).await;
                        assert!(!matches!(put, Ok(PutOutcome::Stored(_))));
                    }
                }
            });
        }
        after_restart.join_all().await;
    }
}

/// The share of the server that is down fails, and works once the server is back.
#[tokio::test]
async fn an_application_starts_while_a_server_is_down() {
    let servers = Memcached::start_many(3).unwrap();
    servers[1].kill();
    let store = connect(&servers).await;
    let mut failed = 0;
    for n in 0..60 {
        match store.load(&key(n)).await {
            Ok(record) => assert_eq!(record, None),
            Err(error) => {
                assert!(error.to_string().contains(&servers[1].addr()), "{error}");
                failed += 1;
            }
        }
    }
    assert!((5..40).contains(&failed), "{failed} of 60");
    servers[1].restart().unwrap();
    for n in 0..60 {
        assert_eq!(load(&store, &key(n)).await, None);
    }
}

/// What a loop of requests on one record saw.
struct Log {
    /// Whether the record is on the server that is killed.
    on_killed: bool,
    /// The requests that started while that server was down.
    while_down: u32,
    failed: u32,
    slowest: Duration,
}

/// 32 loops read and write their own records while one of three servers is killed and restarted.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_is_killed_under_load() {
    let servers = Memcached::start_many(3).unwrap();
    let store = builder(&servers).command_timeout(LIMIT).connect().await.unwrap();
    // A store on the third server alone finds the records that the first store put there.
    for n in 0..32 {
        insert(&store, &key(n), body(n)).await;
    }
    let on_third = MemcacheStore::connect([names(&servers).remove(2)]).await.unwrap();
    let (down, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let mut loops = tokio::task::JoinSet::new();
    let mut killed_share = 0;
    for n in 0..32 {
        let on_killed = load(&on_third, &key(n)).await.is_some();
        killed_share += u32::from(on_killed);
        let (store, down, stop) = (store.clone(), down.clone(), stop.clone());
        loops.spawn(async move {
            let mut log = Log { on_killed, while_down: 0, failed: 0, slowest: Duration::ZERO };
            while !stop.load(Ordering::SeqCst) {
                let start = Instant::now();
                let was_down = down.load(Ordering::SeqCst);
                match store.load(&key(n)).await {
                    Ok(Some(record)) => assert_eq!(record.body, body(n)),
                    Ok(None) => {
                        assert!(on_killed, "a record on a running server vanished");
                        let _ = store.put(&key(n), body(n), LIMIT * 60, Condition::IfAbsent).await;
                    }
                    Err(_) => {
                        assert!(on_killed, "a request to a running server failed");
                        log.failed += 1;
                    }
                }
                log.slowest = log.slowest.max(start.elapsed());
                log.while_down += u32::from(was_down);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // The server works again.
            assert!(load(&store, &key(n)).await.is_some() || on_killed);
            let _ = put(&store, &key(n), body(n), Condition::IfAbsent).await;
            assert_eq!(load(&store, &key(n)).await.unwrap().0, body(n));
            log
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    servers[2].kill();
    down.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(1)).await;
    servers[2].restart().unwrap();
    down.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::SeqCst);

    assert!((4..20).contains(&killed_share), "{killed_share} of 32");
    let logs = loops.join_all().await;
    for log in &logs {
        assert!(log.slowest < AT_MOST, "{:?}", log.slowest);
        assert!(log.while_down > 10, "{} while it was down", log.while_down);
        assert_eq!(log.failed > 0, log.on_killed);
    }
    let requests: u32 = logs.iter().map(|log| log.while_down).sum();
    let failed: u32 = logs.iter().map(|log| log.failed).sum();
    let slowest = logs.iter().map(|log| log.slowest).max();
    println!("{requests} requests while down, {failed} errors, slowest {slowest:?}");
}
