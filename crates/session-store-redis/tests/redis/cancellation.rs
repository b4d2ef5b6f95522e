//! Operations that are dropped in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use session_core::{Condition, RecordStore};
use session_servers::Program;
use session_store_redis::RedisStore;
use tokio::task::JoinSet;

use crate::support::{Dice, HOUR, body, key, start};

on_redis_and_valkey! {
    every_later_read_gets_its_own,
}

const DROPPED: usize = 10_000;
const KEYS: u64 = 64;

fn name(number: u64) -> String {
    format!("own-{number:02}")
}

async fn operation(store: &RedisStore, number: u64, kind: u64) {
    let key = key(&name(number));
    let text = format!("{} {kind}", name(number));
    // What it answers is another test's matter: here it is often not there to be asked.
    match kind {
        0 => drop(store.load(&key).await),
        1 => drop(store.remove(&key).await),
        2 => drop(store.put(&key, text.into(), HOUR, Condition::IfAbsent).await),
        _ => {
            let Ok(Some(record)) = store.load(&key).await else {
                return;
            };
            let condition = Condition::IfVersion(record.version);
            drop(store.put(&key, Bytes::from(text), HOUR, condition).await);
        }
    }
}

async fn after_some_turns(turns: u64) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

async fn every_later_read_gets_its_own(program: Program) {
    let redis = start(program);
    let store = RedisStore::builder(&redis.url()).pool_size(2).connect().await.unwrap();
    let (store, dropped) = (Arc::new(store), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let (store, dropped) = (store.clone(), dropped.clone());
        tasks.spawn(async move {
            let (mut dice, mut read) = (Dice::new(task + 1), 0);
            while dropped.load(Ordering::Relaxed) < DROPPED {
                let (number, kind) = (dice.below(KEYS), dice.below(5));
                tokio::select! {
                    biased;
                    () = operation(&store, number, kind) => {}
                    () = after_some_turns(dice.below(8)) => {
                        dropped.fetch_add(1, Ordering::Relaxed);
                    }
                }
                let number = dice.below(KEYS);
                if let Some(body) = body(&*store, &name(number)).await {
                    assert!(body.starts_with(&name(number)), "{body} at {number}");
                    read += 1;
                }
            }
            read
        });
    }
    let read: usize = tasks.join_all().await.into_iter().sum();
    for number in 0..KEYS {
        if let Some(body) = body(&*store, &name(number)).await {
            assert!(body.starts_with(&name(number)), "{body} at {number}");
        }
    }
    println!("{} operations dropped, {read} records read", dropped.load(Ordering::Relaxed));
    assert!(read > DROPPED / 4, "{read}");
}
