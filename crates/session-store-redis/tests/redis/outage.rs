//! Writers that race, a server that dies and returns, and replies that are lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{RecordStore, StoreErrorKind};
use session_servers::{Program, Redis};
use session_store_redis::RedisStore;

use crate::load::Load;
use crate::proxy::Proxy;
use crate::support::{body, insert, key, replace, start, stored, until_it_works};

on_redis_and_valkey! {
    many_writers_of_few_records,
    nothing_acknowledged_is_lost_and_nothing_is_applied_twice,
    a_write_whose_answer_is_lost_is_not_sent_again,
}

async fn many_writers_of_few_records(program: Program) {
    let redis = start(program);
    let store = Arc::new(RedisStore::connect(&redis.url()).await.unwrap());
    let load = Load::start(store, 32, 3);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let verdict = load.stop().await;
    println!("{verdict:?}");
    assert!(verdict.acknowledged > 100, "{verdict:?}");
    assert_eq!(verdict.missing, 0, "{verdict:?}");
}

async fn nothing_acknowledged_is_lost_and_nothing_is_applied_twice(program: Program) {
    let redis = Redis::builder().program(program).append_only().start().unwrap();
    let store = Arc::new(RedisStore::connect(&redis.url()).await.unwrap());
    let load = Load::start(store.clone(), 32, 200);
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        redis.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        redis.restart().unwrap();
        let back = until_it_works(&*store, Instant::now(), Duration::from_secs(3)).await;
        println!("works {back:?} after the restart");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let verdict = load.stop().await;
    println!("{verdict:?}");
    assert!(verdict.acknowledged > 500, "{verdict:?}");
    assert_eq!(verdict.missing, 0, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_within_the_limit_while_it_is_gone() {
    let redis = Redis::builder().append_only().start().unwrap();
    let limit = Duration::from_millis(500);
    let store = RedisStore::builder(&redis.url()).command_timeout(limit).connect().await.unwrap();
    let version = stored(insert(&store, "a", "1").await.unwrap());
    redis.kill();
    for _ in 0..3 {
        let started = Instant::now();
        let error = store.load(&key("a")).await.unwrap_err();
        assert!(
            matches!(error.kind(), StoreErrorKind::Unavailable | StoreErrorKind::Timeout),
            "{error}"
        );
        assert!(error.to_string().contains(&redis.addr()), "{error}");
        assert!(started.elapsed() < limit * 2, "{:?}", started.elapsed());
    }
    redis.restart().unwrap();
    until_it_works(&store, Instant::now(), Duration::from_secs(3)).await;
    stored(replace(&store, "a", "2", version).await.unwrap());
    assert_eq!(body(&store, "a").await.unwrap(), "2");
}

async fn a_write_whose_answer_is_lost_is_not_sent_again(program: Program) {
    let redis = start(program);
    let proxy = Proxy::start(redis.addr()).await;
    let builder = RedisStore::builder(&proxy.url()).pool_size(1);
    let store = builder.connect().await.unwrap();
    let version = stored(insert(&store, "a", "1").await.unwrap());
    // Redis has told by now that it does not know IFEQ.
    let version = stored(replace(&store, "a", "2", version).await.unwrap());
    let monitor = redis.monitor().unwrap();
    proxy.cut_next();
    let error = replace(&store, "a", "3", version).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    assert_eq!(body(&store, "a").await.unwrap(), "3", "it was applied");
    proxy.cut_next();
    insert(&store, "b", "1").await.unwrap_err();
    assert_eq!(body(&store, "b").await.unwrap(), "1");
    let writes = monitor.commands().unwrap();
    let writes = writes.iter().filter(|line| line.contains("EVAL") || line.contains("\"SET\""));
    assert_eq!(writes.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_went_silent_is_left() {
    let redis = Redis::start().unwrap();
    let proxy = Proxy::start(redis.addr()).await;
    let limit = Duration::from_millis(400);
    let builder = RedisStore::builder(&proxy.url()).pool_size(1);
    let store = builder.command_timeout(limit).connect().await.unwrap();
    stored(insert(&store, "a", "1").await.unwrap());
    let started = Instant::now();
    proxy.stall_next();
    let error = store.load(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Timeout, "{error}");
    let back = until_it_works(&store, started, Duration::from_secs(5)).await;
    println!("works again {back:?} after the connection went silent");
    assert_eq!(body(&store, "a").await.unwrap(), "1");
}
