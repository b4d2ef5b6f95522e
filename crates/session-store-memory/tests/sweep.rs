//! What a sweep removes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use session_core::{Condition, PutOutcome, RecordStore};
use session_store_memory::MemoryStore;

use common::{HOUR, has, insert, key};

#[tokio::test]
async fn one_sweep_finds_all_expired_records() {
    let store = MemoryStore::new();
    for number in 0..20_000 {
        let ttl = if number % 3 == 0 { HOUR * 3 } else { HOUR };
        let _ = store.put(&key(number), "body".into(), ttl, Condition::IfAbsent).await.unwrap();
    }
    store.advance(HOUR * 2);
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 13_333);
    assert_eq!(store.len(), 6_667);
}

#[tokio::test]
async fn a_sweep_keeps_to_its_limit_and_ends_at_zero() {
    let store = MemoryStore::new();
    for number in 0..10_000 {
        let ttl = if number % 2 == 0 { HOUR } else { HOUR * 3 };
        let _ = store.put(&key(number), "body".into(), ttl, Condition::IfAbsent).await.unwrap();
    }
    assert_eq!(store.sweep(0).await.unwrap(), 0);
    store.advance(HOUR * 2);
    let mut swept = 0;
    loop {
        let removed = store.sweep(300).await.unwrap();
        assert!(removed <= 300);
        swept += removed;
        if removed == 0 {
            break;
        }
    }
    assert_eq!((swept, store.len()), (5000, 5000));
    for number in 0..10_000 {
        assert_eq!(has(&store, number).await, number % 2 == 1);
    }
}

#[tokio::test]
async fn a_sweep_goes_all_around_from_where_the_last_one_stopped() {
    let store = MemoryStore::builder().max_records(500).build();
    for number in 0..200 {
        let key = key(number);
        let ttl = if number % 2 == 0 { HOUR } else { HOUR * 3 };
        let put = store.put(&key, "body".into(), ttl, Condition::IfAbsent);
        assert_ne!(put.await.unwrap(), PutOutcome::Refused);
    }
    store.advance(HOUR * 2);
    assert_eq!(store.sweep(10).await.unwrap(), 10);
    // The records that this sweep looked at and left in place expire as well.
    store.advance(HOUR * 2);
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 190);
}

/// No write evicts here: whatever has expired is the sweep's to find.
#[test]
fn a_sweep_misses_nothing_while_others_write() {
    let store = MemoryStore::new();
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime().block_on(async {
        for number in 0..60_000 {
            let ttl = if number % 2 == 0 { HOUR } else { HOUR * 3 };
            let key = key(number);
            let put = store.put(&key, "body".into(), ttl, Condition::IfAbsent);
            assert_ne!(put.await.unwrap(), PutOutcome::Refused);
        }
    });
    store.advance(HOUR * 2);
    let swept = std::thread::scope(|scope| {
        scope.spawn(|| {
            runtime().block_on(async {
                for number in (1..60_000).step_by(2) {
                    assert!(store.remove(&key(number)).await.unwrap());
                    insert(&store, 100_000 + number, "body").await;
                }
            });
        });
        let sweeper = scope.spawn(|| runtime().block_on(store.sweep(usize::MAX)).unwrap());
        sweeper.join().unwrap()
    });
    assert_eq!((swept, store.len()), (30_000, 30_000));
}
