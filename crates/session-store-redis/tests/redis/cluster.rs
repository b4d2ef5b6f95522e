//! A Cluster: slots that move, masters that die.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{RecordStore, StoreErrorKind};
use session_servers::{Program, RedisCluster};
use session_store_redis::RedisStore;
use session_store_redis::fred::prelude::*;
use tokio::task::JoinSet;

use crate::load::Load;
use crate::support::{
    MovingSlot, body, insert, key, redis_key, replace, stored, until_it_works, works,
};

on_redis_and_valkey! {
    a_master_that_dies,
    a_slot_that_moves_under_load,
}

async fn a_master_that_dies(program: Program) {
    let cluster = Arc::new(RedisCluster::start_with([program; 3]).unwrap());
    let store = Arc::new(RedisStore::connect(&cluster.url()).await.unwrap());
    works(&*store).await;
    let load = Load::start(store.clone(), 16, 100);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let killed = Instant::now();
    cluster.master_of(&redis_key("works")).unwrap().kill();
    let servers = tokio::task::spawn_blocking({
        let cluster = cluster.clone();
        move || cluster.wait_healthy().map(|()| killed.elapsed())
    });
    let back = until_it_works(&*store, killed, Duration::from_secs(20)).await;
    let servers = servers.await.unwrap().unwrap();
    println!("Cluster: the servers {servers:?} after a master died, the store {back:?}");
    assert!(back < servers + Duration::from_secs(3));
    works(&*store).await;
    let verdict = load.stop().await;
    println!("{verdict:?}: what the replica had not yet received is missing");
    assert!(verdict.acknowledged > 200, "{verdict:?}");
}

/// fred's own way of following ASK gives answers of one session to another (see `redirect.rs`):
/// here, each reader gets its own record throughout.
async fn a_slot_that_moves_under_load(program: Program) {
    let cluster = RedisCluster::start_with([program; 3]).unwrap();
    let store = Arc::new(RedisStore::connect(&cluster.url()).await.unwrap());
    let mut version = stored(insert(&*store, "moving", "0").await.unwrap());
    let moving = MovingSlot::start(&cluster, "moving");
    let mut readers = JoinSet::new();
    let names = (0..).map(|number| format!("other-{number}"));
    let owner = |name: &str| cluster.master_of(&redis_key(name)).unwrap().port();
    for name in names.filter(|name| owner(name) == moving.to.port()).take(32) {
        stored(insert(&*store, &name, &name).await.unwrap());
        let store = store.clone();
        readers.spawn(async move {
            let (started, mut read) = (Instant::now(), 0);
            while started.elapsed() < Duration::from_millis(1500) {
                assert_eq!(body(&*store, &name).await.unwrap(), name);
                read += 1;
            }
            read
        });
    }
    moving.migrate("moving");
    for step in 1..=100 {
        assert_eq!(body(&*store, "moving").await.unwrap(), (step - 1).to_string());
        version = stored(replace(&*store, "moving", &step.to_string(), version).await.unwrap());
    }
    // A caller that goes away leaves no answer behind for the next.
    let key = key("moving");
    for _ in 0..100 {
        let load = store.load(&key);
        let _ = tokio::time::timeout(Duration::from_micros(300), load).await;
        assert_eq!(body(&*store, "moving").await.unwrap(), "100");
    }
    moving.complete();
    for step in 101..=120 {
        version = stored(replace(&*store, "moving", &step.to_string(), version).await.unwrap());
    }
    let read: u32 = readers.join_all().await.into_iter().sum();
    println!("{read} records read while the slot moved");
}

#[tokio::test(flavor = "multi_thread")]
async fn valkey_and_redis_in_one_cluster() {
    let programs = [Program::Valkey, Program::Redis, Program::Valkey];
    let cluster = RedisCluster::start_with(programs).unwrap();
    let store = Arc::new(RedisStore::connect(&cluster.url()).await.unwrap());
    let load = Load::start(store.clone(), 16, 100);
    let moving = MovingSlot::start(&cluster, "works");
    for _ in 0..20 {
        works(&*store).await;
    }
    moving.complete();
    works(&*store).await;
    let verdict = load.stop().await;
    assert!(verdict.acknowledged > 100, "{verdict:?}");
    assert_eq!(verdict.missing, 0, "{verdict:?}");
}

/// The nodes of such a Cluster name no host: it is the one that the client has asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_moves_between_nodes_without_names() {
    let cluster = RedisCluster::start().unwrap();
    for node in cluster.nodes() {
        let setting = ["CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint"];
        node.command(&setting).unwrap();
    }
    let store = RedisStore::connect(&cluster.url()).await.unwrap();
    let mut version = stored(insert(&store, "moving", "0").await.unwrap());
    let moving = MovingSlot::start(&cluster, "moving");
    moving.migrate("moving");
    for step in 1..=20 {
        assert_eq!(body(&store, "moving").await.unwrap(), (step - 1).to_string());
        version = stored(replace(&store, "moving", &step.to_string(), version).await.unwrap());
    }
    moving.complete();
    for step in 21..=40 {
        assert_eq!(body(&store, "moving").await.unwrap(), (step - 1).to_string());
        version = stored(replace(&store, "moving", &step.to_string(), version).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_do_not_fit_are_refused() {
    let cluster = RedisCluster::start().unwrap();
    let config = Config::from_url(&cluster.url()).unwrap();
    let refused =
        RedisStore::with_client(Client::new(config.clone(), None, None, None)).unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Config);
    assert!(refused.to_string().contains("max_redirections"), "{refused}");

    let connection = ConnectionConfig { max_redirections: 0, ..ConnectionConfig::default() };
    let client = Client::new(config, None, Some(connection), None);
    client.init().await.unwrap();
    works(&RedisStore::with_client(client).unwrap()).await;

    // A plain URL of one node: it answers, and then says MOVED.
    let node = cluster.masters().unwrap()[0].url();
    let store = RedisStore::connect(&node).await.unwrap();
    let mut refused = None;
    for number in 0..20 {
        refused = refused.or(insert(&store, &format!("k{number}"), "1").await.err());
    }
    let refused = refused.unwrap();
    assert_eq!(refused.kind(), StoreErrorKind::Config);
    assert!(refused.to_string().contains("redis-cluster://"), "{refused}");
}
