//! A group that Sentinels watch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_servers::RedisSentinel;
use session_store_redis::RedisStore;

use crate::load::Load;
use crate::support::{until_it_works, works};

/// `down-after-milliseconds` of the group.
const DETECTION: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_dies() {
    let group = RedisSentinel::start().unwrap();
    let store = Arc::new(RedisStore::connect(&group.url()).await.unwrap());
    works(&*store).await;
    let load = Load::start(store.clone(), 16, 100);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let old = group.master().unwrap();
    let killed = Instant::now();
    old.kill();
    let back = until_it_works(&*store, killed, DETECTION + Duration::from_secs(3)).await;
    println!("works {back:?} after the master died, detection {DETECTION:?}");

    // The old master returns as a replica, and a Sentinel that is asked first may be gone.
    old.restart().unwrap();
    group.sentinels()[0].kill();
    tokio::time::sleep(Duration::from_millis(500)).await;
    works(&*store).await;
    let verdict = load.finish().await;
    println!("{verdict:?}: what the replica had not yet received is missing");
    assert!(verdict.acknowledged > 200, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_is_told_to_go() {
    let group = RedisSentinel::start().unwrap();
    let store = RedisStore::connect(&group.url()).await.unwrap();
    works(&store).await;
    let old = group.master().unwrap();
    group.sentinels()[0]
        .command(&["SENTINEL", "FAILOVER", "mymaster"])
        .unwrap();
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
