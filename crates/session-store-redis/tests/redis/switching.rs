//! A server that is replaced by another version while the store lives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_servers::{Program, Redis, RedisSentinel};
use session_store_redis::RedisStore;
use session_store_redis::fred::prelude::*;

use crate::load::Load;
use crate::support::{insert, replace, stored, until_it_works, words};

const LIMIT: Duration = Duration::from_secs(10);

fn durable(program: Program) -> Redis {
    Redis::builder()
        .program(program)
        .append_only()
        // Redis does not read the snapshots of Valkey.
        .line("aof-use-rdb-preamble no")
        .start()
        .unwrap()
}

/// What a write over a record is sent as: the last of its commands.
async fn comparison(store: &RedisStore, redis: &Redis) -> String {
    let version = stored(insert(store, "compared", "1").await.unwrap());
    let monitor = redis.monitor().unwrap();
    stored(replace(store, "compared", "2", version).await.unwrap());
    let sent = monitor.commands().unwrap();
    let sent = sent.iter().filter(|line| line.contains("PX")).cloned();
    let sent = words(&sent.collect::<Vec<_>>());
    redis.command(&["DEL", &crate::support::redis_key("compared")]).unwrap();
    sent.last().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn valkey_is_replaced_by_redis_and_back_under_load() {
    let redis = durable(Program::Valkey);
    let store = Arc::new(RedisStore::connect(&redis.url()).await.unwrap());
    let load = Load::start(store.clone(), 16, 50);
    let programs = [Program::Redis, Program::Valkey, Program::Redis];
    for (turn, program) in programs.into_iter().enumerate() {
        tokio::time::sleep(Duration::from_millis(700)).await;
        redis.kill();
        redis.restart_with(program).unwrap();
        let back = until_it_works(&*store, Instant::now(), Duration::from_secs(3)).await;
        println!("works {back:?} after {program:?} answers");
        // No write fails once the server is back.
        for number in 0..50 {
            let name = format!("after-{turn}-{number}");
            let version = stored(insert(&*store, &name, "1").await.unwrap());
            stored(replace(&*store, &name, "2", version).await.unwrap());
        }
    }
    let verdict = load.stop().await;
    println!("{verdict:?}");
    assert!(verdict.acknowledged > 500, "{verdict:?}");
    assert_eq!(verdict.missing, 0, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn valkey_is_asked_again_after_each_reconnect() {
    let redis = durable(Program::Redis);
    let own = Config::from_url(&redis.url()).unwrap();
    let policy = ReconnectPolicy::new_exponential(0, 100, 500, 2);
    let own = Client::new(own, None, None, Some(policy));
    own.init().await.unwrap();
    let builder = RedisStore::builder(&redis.url()).pool_size(1);
    for store in [builder.connect().await.unwrap(), RedisStore::with_client(own).unwrap()] {
        for (program, expected) in [
            (Program::Redis, "EVAL"),
            (Program::Valkey, "SET"),
            (Program::Redis, "EVAL"),
            (Program::Valkey, "SET"),
        ] {
            redis.kill();
            redis.restart_with(program).unwrap();
            until_it_works(&store, Instant::now(), LIMIT).await;
            for _ in 0..2 {
                assert_eq!(comparison(&store, &redis).await, expected, "{program:?}");
            }
        }
    }
}

/// The way of an upgrade. There is none back: Redis does not read what a Valkey master sends.
#[tokio::test(flavor = "multi_thread")]
async fn valkey_takes_over_from_redis_by_a_failover() {
    let group = RedisSentinel::start().unwrap();
    let builder = RedisStore::builder(&group.url()).pool_size(1);
    let store = Arc::new(builder.connect().await.unwrap());
    let master = group.master().unwrap();
    assert_eq!(comparison(&store, master).await, "EVAL");

    let mut nodes = group.nodes().iter();
    let replica = nodes.find(|node| node.port() != master.port()).unwrap();
    replica.kill();
    replica.restart_with(Program::Valkey).unwrap();
    group.wait_healthy().unwrap();
    let load = Load::start(store.clone(), 16, 50);
    tokio::time::sleep(Duration::from_millis(500)).await;
    master.kill();
    group.wait_healthy().unwrap();
    until_it_works(&*store, Instant::now(), LIMIT).await;
    let verdict = load.stop().await;
    println!("{verdict:?}: what the replica had not yet received is missing");
    assert_eq!(group.master().unwrap().port(), replica.port());
    assert_eq!(comparison(&store, replica).await, "SET");
}

/// A master that became a replica keeps its connections open. The store must leave them, or it
/// would load from a replica and write nothing, although its address leads to the new master.
#[tokio::test(flavor = "multi_thread")]
async fn redis_that_becomes_a_replica_is_left_at_once() {
    for program in [Program::Redis, Program::Valkey] {
        let (redis, master) = (durable(program), durable(program));
        let store = RedisStore::builder(&redis.url()).pool_size(1).connect().await.unwrap();
        // The store knows from the first write whether it has to use the script.
        let mut version = stored(insert(&store, "moved", "1").await.unwrap());
        version = stored(replace(&store, "moved", "2", version).await.unwrap());
        redis.command(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]).unwrap();
        let connections = || {
            let stats = redis.command(&["INFO", "stats"]).unwrap().text().unwrap();
            let count =
                stats.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
            count.unwrap().trim().parse::<u32>().unwrap()
        };
        let before = connections();
        replace(&store, "moved", "3", version).await.unwrap_err();
        tokio::time::sleep(Duration::from_secs(1)).await;
        // One is that of this question.
        assert!(connections() > before + 1, "{program:?} is not left");
    }
}
