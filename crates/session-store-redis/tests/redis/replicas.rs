//! Writes that wait for replicas.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{PutOutcome, RecordStore, StoreErrorKind};
use session_servers::{Program, RedisCluster, RedisSentinel};
use session_store_redis::RedisStore;

use crate::load::Load;
use crate::support::{body, insert, key, replace, stored, works};

on_redis_and_valkey! {
    a_write_waits_for_its_replica,
    on_a_cluster_the_keys_own_node_is_asked,
}

async fn a_write_waits_for_its_replica(program: Program) {
    let group = RedisSentinel::start_with(program).unwrap();
    let with = async |patience| {
        let builder = RedisStore::builder(&group.url()).wait_for_replicas(1, patience);
        Arc::new(builder.connect().await.unwrap())
    };
    // A replica that is there acknowledges at some time, however busy the machine is.
    let store = with(Duration::from_secs(10)).await;
    works(&*store).await;
    let load = Load::start(store.clone(), 8, 20);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let verdict = load.stop().await;
    assert!(verdict.acknowledged > 50 && verdict.missing == 0, "{verdict:?}");

    let version = stored(insert(&*store, "a", "1").await.unwrap());
    let master = group.master().unwrap();
    let replica = group.nodes().iter().find(|node| node.port() != master.port()).unwrap();
    let patience = Duration::from_millis(300);
    let store = with(patience).await;
    replica.kill();
    let started = Instant::now();
    let error = replace(&*store, "a", "2", version.clone()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unconfirmed);
    assert!(error.to_string().contains("only 0 of 1 replicas"), "{error}");
    assert!(
        started.elapsed() >= patience && started.elapsed() < patience * 4,
        "{:?}",
        started.elapsed()
    );
    // The master has it, as the error says, and other commands were not held up.
    assert_eq!(body(&*store, "a").await.unwrap(), "2");
    assert_eq!(replace(&*store, "a", "3", version).await.unwrap(), PutOutcome::Refused);
    let (waiting, started) = (
        tokio::spawn({
            let store = store.clone();
            async move { insert(&*store, "b", "1").await }
        }),
        Instant::now(),
    );
    store.load(&key("a")).await.unwrap();
    assert!(started.elapsed() < patience, "a read waited for a write");
    waiting.await.unwrap().unwrap_err();
}

async fn on_a_cluster_the_keys_own_node_is_asked(program: Program) {
    let cluster = RedisCluster::start_with([program; 3]).unwrap();
    let patience = Duration::from_secs(10);
    let store =
        RedisStore::builder(&cluster.url()).wait_for_replicas(1, patience).connect().await.unwrap();
    for number in 0..20 {
        let version = stored(insert(&store, &format!("k{number}"), "1").await.unwrap());
        stored(replace(&store, &format!("k{number}"), "2", version).await.unwrap());
    }
}
