//! Commands that wait at the same moment.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use session_core::{PutOutcome, RecordStore, StoreErrorKind};
use session_servers::{Program, Redis, RedisMonitor};
use session_store_redis::RedisStore;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::support::{body, insert, key, redis_key, replace, start, stored, words};

const MANY: usize = 100;

on_redis_and_valkey! {
    a_value_that_is_no_string_is_the_error_of_its_own_caller,
    a_caller_that_goes_away_disturbs_nobody,
}

async fn store(redis: &Redis) -> Arc<RedisStore> {
    let builder = RedisStore::builder(&redis.url()).pool_size(1);
    Arc::new(builder.connect().await.unwrap())
}

fn count(monitor: &RedisMonitor, word: &str) -> usize {
    let words = words(&monitor.commands().unwrap());
    words.iter().filter(|sent| *sent == word).count()
}

// On one thread, all callers have sent their requests before the batcher's turn.
#[tokio::test]
async fn each_has_its_own_answer_from_redis() {
    each_has_its_own_answer(Program::Redis).await;
}

#[tokio::test]
async fn each_has_its_own_answer_from_valkey() {
    each_has_its_own_answer(Program::Valkey).await;
}

async fn each_has_its_own_answer(program: Program) {
    let redis = start(program);
    let store = store(&redis).await;
    for number in 0..MANY {
        let body = number.to_string().repeat(number * 10 + 1);
        stored(insert(&*store, &number.to_string(), &body).await.unwrap());
    }
    let version = store.load(&key("0")).await.unwrap().unwrap().version;
    stored(replace(&*store, "0", "0", version).await.unwrap());

    let monitor = redis.monitor().unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..=MANY {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let name = number.to_string();
            (number, store.load(&key(&name)).await.unwrap())
        });
    }
    let loaded = tasks.join_all().await;
    assert_eq!(count(&monitor, "MGET"), 2, "64 and 37");

    let mut tasks = JoinSet::new();
    for (number, record) in loaded {
        let Some(record) = record else {
            assert_eq!(number, MANY);
            continue;
        };
        let store = Arc::clone(&store);
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
    let scripts = count(&monitor, "EVAL");
    assert!((1..MANY / 2).contains(&scripts), "{scripts}");
}

async fn a_value_that_is_no_string_is_the_error_of_its_own_caller(program: Program) {
    let redis = start(program);
    let store = store(&redis).await;
    let mut version = stored(insert(&*store, "a", "1").await.unwrap());
    redis.command(&["RPUSH", &redis_key("b"), "theirs"]).unwrap();
    let (a, b) = (key("a"), key("b"));
    for _ in 0..3 {
        let (good, bad) = tokio::join!(store.load(&a), store.load(&b));
        assert_eq!(good.unwrap().unwrap().body, "1");
        assert_eq!(bad.unwrap_err().kind(), StoreErrorKind::Corrupt);
        let (good, bad) = tokio::join!(
            replace(&*store, "a", "1", version.clone()),
            replace(&*store, "b", "2", version)
        );
        version = stored(good.unwrap());
        assert_eq!(bad.unwrap_err().kind(), StoreErrorKind::Corrupt);
    }
}

async fn a_caller_that_goes_away_disturbs_nobody(program: Program) {
    let redis = start(program);
    let store = store(&redis).await;
    let version = stored(insert(&*store, "a", "1").await.unwrap());
    let (a, b) = (key("a"), key("b"));
    // On a busy machine, the reply may be there at once.
    let mut context = Context::from_waker(Waker::noop());
    let mut first = store.load(&b);
    let _ = first.as_mut().poll(&mut context);
    let mut second = Box::pin(replace(&*store, "b", "1", version.clone()));
    let _ = second.as_mut().poll(&mut context);
    let both = async { tokio::join!(store.load(&a), replace(&*store, "a", "2", version)) };
    let mut both = Box::pin(both);
    let polled = both.as_mut().poll(&mut context);
    drop((first, second));
    let (loaded, replaced) = match polled {
        Poll::Ready(both) => both,
        Poll::Pending => both.await,
    };
    assert!(loaded.unwrap().is_some());
    stored(replaced.unwrap());
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

/// A load that is under way on a runtime that then ends, or that is not driven for a while.
fn first_on_another_runtime(ends: bool) {
    let redis = Redis::start().unwrap();
    let connected = runtime();
    let other = Builder::new_current_thread().enable_all().build().unwrap();
    let store = connected.block_on(store(&redis));
    let key = key("a");
    let mut first = store.load(&key);
    {
        let _entered = other.enter();
        // On a busy machine, the reply may be there at once.
        let mut context = Context::from_waker(Waker::noop());
        let _ = first.as_mut().poll(&mut context);
    }
    let other = (!ends).then_some(other);
    // Longer than its limit would be an error.
    assert_eq!(connected.block_on(store.load(&key)).unwrap(), None);
    // The timer of the first is the other runtime's.
    drop(first);
    drop(other);
}

#[test]
fn a_callers_runtime_that_ends_holds_nobody_up() {
    first_on_another_runtime(true);
}

#[test]
fn a_callers_runtime_that_is_not_driven_holds_nobody_up() {
    first_on_another_runtime(false);
}

#[test]
fn another_runtime_may_use_the_store() {
    let redis = Redis::start().unwrap();
    let (connected, other) = (runtime(), runtime());
    let store = connected.block_on(store(&redis));
    let load = async |name: &str| store.load(&key(name)).await.unwrap();
    other.block_on(async { tokio::join!(load("a"), load("b"), load("c")) });
}

#[test]
fn the_end_of_the_stores_runtime_is_an_error_at_once() {
    let redis = Redis::start().unwrap();
    let (connected, other) = (runtime(), runtime());
    let store = connected.block_on(store(&redis));
    drop(connected);
    let error = other.block_on(store.load(&key("a"))).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
}
