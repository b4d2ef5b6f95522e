//! Commands that come up at one moment.

use std::future::Future;
use std::task::{Context, Waker};

use session_core::{PutOutcome, RecordStore, StoreErrorKind};
use session_servers::{Redis, RedisMonitor};
use session_store_redis::RedisStore;
use tokio::task::JoinSet;

use crate::support::{body, insert, key, redis_key, replace, stored};

const MANY: usize = 100;

async fn store(redis: &Redis) -> RedisStore {
    let builder = RedisStore::builder(&redis.url()).pool_size(1);
    builder.connect().await.unwrap()
}

/// How many of each command the server has run.
fn counts(monitor: &RedisMonitor) -> (usize, usize, usize) {
    let lines = monitor.commands().unwrap();
    let count = |word: &str| lines.iter().filter(|line| line.starts_with(word)).count();
    (count("\"MGET\""), count("\"GET\""), count("\"EVALSHA\""))
}

#[tokio::test]
async fn each_has_its_own_answer() {
    let redis = Redis::start().unwrap();
    let store = std::sync::Arc::new(store(&redis).await);
    for number in 0..MANY {
        // Bodies that are their own version, and longer ones.
        let body = number.to_string().repeat(number * 10 + 1);
        stored(insert(&*store, &number.to_string(), &body).await.unwrap());
    }
    let version = store.load(&key("0")).await.unwrap().unwrap().version;
    stored(replace(&*store, "0", "0", version).await.unwrap());
    let monitor = redis.monitor().unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..MANY + 1 {
        let store = store.clone();
        tasks.spawn(async move {
            let name = number.to_string();
            (number, store.load(&key(&name)).await.unwrap())
        });
    }
    let loaded = tasks.join_all().await;
    // 64 and 37; the one that is not there is asked for by itself.
    assert_eq!(counts(&monitor), (2, 1, 0));

    let mut tasks = JoinSet::new();
    for (number, record) in loaded {
        let Some(record) = record else {
            assert_eq!(number, MANY);
            continue;
        };
        let store = store.clone();
        tasks.spawn(async move {
            let name = number.to_string();
            assert_eq!(record.body, name.repeat(record.body.len() / name.len()));
            for expected in [true, false] {
                let (body, version) = (format!("{name}!"), record.version.clone());
                let outcome = replace(&*store, &name, &body, version).await.unwrap();
                assert_eq!(outcome != PutOutcome::Refused, expected, "{name}");
            }
            assert_eq!(body(&*store, &name).await.unwrap(), format!("{name}!"));
        });
    }
    tasks.join_all().await;
    let (_, _, scripts) = counts(&monitor);
    assert!(scripts < MANY / 2, "{scripts}");
}

#[tokio::test]
async fn those_who_are_answered_first_ask_again_before_the_rest() {
    let redis = Redis::start().unwrap();
    let store = std::sync::Arc::new(store(&redis).await);
    stored(insert(&*store, "a", "1").await.unwrap());
    let monitor = redis.monitor().unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let store = store.clone();
        tasks.spawn(async move {
            for _ in 0..2 {
                assert_eq!(body(&*store, "a").await.unwrap(), "1");
            }
        });
    }
    tasks.join_all().await;
    // 64, and then 16 at a time, so that neither side waits for all of them.
    assert_eq!(counts(&monitor), (1 + 4, 0, 0));
}

#[tokio::test]
async fn a_value_that_is_no_string_is_the_error_of_its_own_caller() {
    let redis = Redis::start().unwrap();
    let store = store(&redis).await;
    let version = stored(insert(&store, "a", "1").await.unwrap());
    redis
        .command(&["RPUSH", &redis_key("b"), "theirs"])
        .unwrap();
    let (a, b) = (key("a"), key("b"));
    let (good, bad) = tokio::join!(store.load(&a), store.load(&b));
    assert_eq!(good.unwrap().unwrap().body, "1");
    assert_eq!(bad.unwrap_err().kind(), StoreErrorKind::Corrupt);
    let (good, bad) = tokio::join!(
        replace(&store, "a", "2", version.clone()),
        replace(&store, "b", "2", version)
    );
    stored(good.unwrap());
    assert_eq!(bad.unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn the_first_may_be_dropped() {
    let redis = Redis::start().unwrap();
    let store = store(&redis).await;
    let version = stored(insert(&store, "a", "1").await.unwrap());
    let (a, b) = (key("a"), key("b"));
    let mut context = Context::from_waker(Waker::noop());
    let mut first = store.load(&b);
    assert!(first.as_mut().poll(&mut context).is_pending());
    let mut second = Box::pin(replace(&store, "b", "1", version.clone()));
    assert!(second.as_mut().poll(&mut context).is_pending());
    let both = async { tokio::join!(store.load(&a), replace(&store, "a", "2", version)) };
    let mut both = Box::pin(both);
    assert!(both.as_mut().poll(&mut context).is_pending());
    drop((first, second));
    let (loaded, replaced) = both.await;
    assert_eq!(loaded.unwrap().unwrap().body, "1");
    stored(replaced.unwrap());
}

#[test]
fn a_runtime_that_ends_leaves_nobody_waiting() {
    let redis = Redis::start().unwrap();
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    let (stays, ends) = (runtime(), tokio::runtime::Builder::new_current_thread());
    let store = stays.block_on(store(&redis));
    let key = key("a");
    let mut first = store.load(&key);
    {
        let ends = { ends }.enable_all().build().unwrap();
        let _entered = ends.enter();
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(stays.block_on(store.load(&key)).unwrap(), None);
    let error = stays.block_on(first).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

#[test]
fn a_runtime_that_stands_still_holds_nobody_up() {
    let redis = Redis::start().unwrap();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let drives = builder.worker_threads(1).enable_all().build().unwrap();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let stands = builder.enable_all().build().unwrap();
    let store = drives.block_on(store(&redis));
    let key = key("a");
    let mut first = store.load(&key);
    {
        let _entered = stands.enter();
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
    }
    std::thread::sleep(std::time::Duration::from_millis(20));
    // Longer than its limit would be an error.
    assert_eq!(drives.block_on(store.load(&key)).unwrap(), None);
    assert_eq!(drives.block_on(first).unwrap(), None);
}
