//! Conditions, expiry and concurrent use.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use session_core::{Condition, PutOutcome, RecordStore, Version};
use session_store_memory::MemoryStore;

use common::{HOUR, has, insert, key};

#[tokio::test]
async fn conditions_hold() {
    let store = MemoryStore::new();
    let first = insert(&store, 1, "one").await;
    let again = store.put(&key(1), "two".into(), HOUR, Condition::IfAbsent).await.unwrap();
    assert_eq!(again, PutOutcome::Refused);

    let stale = Condition::IfVersion(first.clone());
    let PutOutcome::Stored(second) =
        store.put(&key(1), "two".into(), HOUR, stale.clone()).await.unwrap()
    else {
        panic!("the version was right");
    };
    assert_ne!(first, second);
    let refused = store.put(&key(1), "three".into(), HOUR, stale.clone()).await.unwrap();
    assert_eq!(refused, PutOutcome::Refused);
    let record = store.load(&key(1)).await.unwrap().unwrap();
    assert_eq!((record.body, record.version), (Bytes::from("two"), second.clone()));

    assert!(store.remove(&key(1)).await.unwrap());
    assert!(!store.remove(&key(1)).await.unwrap());
    let gone = store
        .put(&key(1), "four".into(), HOUR, Condition::IfVersion(second.clone()))
        .await
        .unwrap();
    assert_eq!(gone, PutOutcome::Refused);
    // The same key again: an old version never fits.
    insert(&store, 1, "two").await;
    for old in [first, second, Version::from_bytes(b"two")] {
        let outcome =
            store.put(&key(1), "five".into(), HOUR, Condition::IfVersion(old)).await.unwrap();
        assert_eq!(outcome, PutOutcome::Refused);
    }
}

#[tokio::test]
async fn bodies_of_any_size_and_bytes_come_back() {
    let store = MemoryStore::new();
    for (number, len) in [0, 1, 500, 1 << 20].into_iter().enumerate() {
        let body: Vec<u8> = (0..len).map(|n| (n % 256) as u8).collect();
        insert(&store, number, body.clone()).await;
        assert_eq!(store.load(&key(number)).await.unwrap().unwrap().body, body);
    }
}

#[tokio::test]
async fn an_expired_record_is_absent_to_every_operation() {
    let store = MemoryStore::new();
    let second = Duration::from_secs(1);
    for number in 0..4 {
        let _ = store.put(&key(number), "old".into(), second, Condition::IfAbsent).await.unwrap();
    }
    let version = store.load(&key(2)).await.unwrap().unwrap().version;
    store.advance(second);
    assert!(!has(&store, 0).await);
    assert!(!store.remove(&key(1)).await.unwrap());
    let outcome =
        store.put(&key(2), "new".into(), HOUR, Condition::IfVersion(version)).await.unwrap();
    assert_eq!(outcome, PutOutcome::Refused);
    insert(&store, 3, "new").await;
    assert_eq!(store.len(), 1, "looking up an expired record removes it");
    assert!(has(&store, 3).await);
}

#[tokio::test]
async fn nothing_expires_before_its_ttl() {
    let store = MemoryStore::new();
    insert(&store, 1, "body").await;
    insert(&store, 2, "body").await;
    let forever = Duration::MAX;
    let _ = store.put(&key(3), "body".into(), forever, Condition::IfAbsent).await.unwrap();
    store.advance(HOUR - Duration::from_secs(5));
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 0);
    assert!(has(&store, 1).await);
    store.advance(Duration::from_secs(10));
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 2);
    assert!(has(&store, 3).await);
}

/// Does the same to a store and to a map, in random order, and compares them.
#[tokio::test]
async fn the_store_holds_what_a_map_holds() {
    let store = MemoryStore::builder().max_records(2000).build();
    let mut map: HashMap<usize, (Vec<u8>, Version)> = HashMap::new();
    let mut random = 1_usize;
    let mut below = |end: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % end
    };
    for step in 0..30_000 {
        let number = below(1500);
        // It fills up, and empties later on.
        if below(30_000) < step {
            let removed = store.remove(&key(number)).await.unwrap();
            assert_eq!(removed, map.remove(&number).is_some());
        } else {
            let body = vec![below(256) as u8; below(400)];
            let condition = match map.get(&number) {
                Some((_, version)) => Condition::IfVersion(version.clone()),
                None => Condition::IfAbsent,
            };
            let put = store.put(&key(number), body.clone().into(), HOUR, condition).await.unwrap();
            let PutOutcome::Stored(version) = put else {
                panic!("the condition held");
            };
            map.insert(number, (body, version));
        }
        if step % 1000 == 0 || map.is_empty() {
            for number in 0..1500 {
                let found = store.load(&key(number)).await.unwrap();
                let found = found.map(|record| (record.body.to_vec(), record.version));
                assert_eq!(found, map.get(&number).cloned(), "{number} at step {step}");
            }
            let sizes = map.values().map(|(body, _)| MemoryStore::RECORD_SIZE + body.len());
            let bytes = sizes.sum::<usize>();
            assert_eq!((store.len(), store.bytes()), (map.len(), bytes));
        }
    }
    assert!(store.len() < 100, "{} of 1500", store.len());
}

/// Each thread counts in every record; a lost update would show in the sum.
#[test]
fn threads_lose_no_update() {
    const THREADS: usize = 8;
    const EACH: usize = 2000;
    let store = MemoryStore::builder().max_records(1000).build();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for number in 0..4 {
            insert(&store, number, 0_u64.to_le_bytes().to_vec()).await;
        }
    });
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                for n in 0..EACH {
                    runtime.block_on(count(&store, n % 4));
                }
            });
        }
    });
    let mut sum = 0;
    for number in 0..4 {
        let record = runtime.block_on(store.load(&key(number))).unwrap().unwrap();
        sum += u64::from_le_bytes(record.body[..].try_into().unwrap());
    }
    assert_eq!(sum, (THREADS * EACH) as u64);
}

async fn count(store: &MemoryStore, number: usize) {
    loop {
        let record = store.load(&key(number)).await.unwrap().unwrap();
        let now = u64::from_le_bytes(record.body[..].try_into().unwrap());
        let next = Bytes::copy_from_slice(&(now + 1).to_le_bytes());
        let condition = Condition::IfVersion(record.version);
        if store.put(&key(number), next, HOUR, condition).await.unwrap() != PutOutcome::Refused {
            return;
        }
    }
}

/// Inserts, evictions, removals and sweeps at once: one winner for each insert, bounds kept, and
/// each key has its own body.
#[test]
fn threads_race_on_a_full_store() {
    const THREADS: usize = 4;
    let store = MemoryStore::builder().max_records(2000).build();
    let won = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, won) = (store.clone(), Arc::clone(&won));
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    for n in 0..5000 {
                        let body = Bytes::from(n.to_string());
                        let put =
                            store.put(&key(n), body, HOUR, Condition::IfAbsent).await.unwrap();
                        won.fetch_add(usize::from(put != PutOutcome::Refused), Ordering::Relaxed);
                        // Each writer may have added a record, and not yet evicted one for it.
                        assert!(store.len() <= 2000 + THREADS);
                        let looked = (n * 7 + thread) % 5000;
                        if let Some(record) = store.load(&key(looked)).await.unwrap() {
                            assert_eq!(record.body, looked.to_string());
                        }
                        if n % 10 == thread {
                            let _ = store.remove(&key(looked)).await.unwrap();
                        }
                        if n % 500 == 0 {
                            assert_eq!(store.sweep(10).await.unwrap(), 0);
                        }
                    }
                });
            });
        }
    });
    assert!(won.load(Ordering::Relaxed) >= 5000);
    assert!(store.len() <= 2000);
    let mut found = 0;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for n in 0..5000 {
        found += usize::from(runtime.block_on(has(&store, n)));
    }
    assert_eq!(found, store.len());
}

#[test]
fn debug_shows_no_record() {
    let text = format!("{:?}", MemoryStore::new());
    assert!(text.starts_with("MemoryStore { len: 0, bytes: 0"), "{text}");
}
