//! A group that Sentinels watch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_servers::{Program, RedisSentinel};
use session_store_redis::RedisStore;

use crate::load::Load;
use crate::support::{until_it_works, works};

on_redis_and_valkey! {
    a_master_that_dies,
}

async fn a_master_that_dies(program: Program) {
    let group = Arc::new(RedisSentinel::start_with(program).unwrap());
    let store = Arc::new(RedisStore::connect(&group.url()).await.unwrap());
    works(&*store).await;
    let load = Load::start(store.clone(), 16, 100);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let killed = Instant::now();
    group.master().unwrap().kill();
    let servers = tokio::task::spawn_blocking({
        let group = group.clone();
        move || group.wait_healthy().map(|()| killed.elapsed())
    });
    let back = until_it_works(&*store, killed, Duration::from_secs(20)).await;
    let servers = servers.await.unwrap().unwrap();
    println!("Sentinel: the servers {servers:?} after the master died, the store {back:?}");
    assert!(back < servers + Duration::from_secs(3));

    // The old master returns as a replica, and a Sentinel that is asked first may be gone.
    let mut nodes = group.nodes().iter();
    nodes.find(|node| node.pid().is_none()).unwrap().restart().unwrap();
    group.wait_healthy().unwrap();
    group.sentinels()[0].kill();
    works(&*store).await;
    let verdict = load.stop().await;
    println!("{verdict:?}: what the replica had not yet received is missing");
    assert!(verdict.acknowledged > 200, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_is_told_to_go() {
    let group = RedisSentinel::start().unwrap();
    let store = RedisStore::connect(&group.url()).await.unwrap();
    works(&store).await;
    let old = group.master().unwrap();
    group.sentinels()[0].command(&["SENTINEL", "FAILOVER", "mymaster"]).unwrap();
    session_servers::until(Duration::from_secs(20), "no failover", || {
        match group.master()?.port() {
            port if port == old.port() => Err("still the old master".to_owned().into()),
            _ => Ok(()),
        }
    })
    .unwrap();
    let back = until_it_works(&store, Instant::now(), Duration::from_secs(3)).await;
    println!("works {back:?} after the Sentinels named the new master");
    works(&store).await;
}
