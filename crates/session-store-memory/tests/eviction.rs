//! What a bounded store refuses, and what it evicts when it is full.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use bytes::Bytes;
use session_core::{Condition, PutOutcome, RecordStore, StoreErrorKind};
use session_store_memory::MemoryStore;

use common::{HOUR, has, insert, key};

#[tokio::test]
async fn the_least_recently_used_goes_first() {
    let store = MemoryStore::builder().max_records(3).build();
    for number in [1, 2, 3] {
        insert(&store, number, "body").await;
    }
    assert!(has(&store, 1).await);
    insert(&store, 4, "body").await;
    assert!(!has(&store, 2).await);
    assert!(has(&store, 1).await && has(&store, 3).await && has(&store, 4).await);
    assert_eq!(store.len(), 3);
}

#[tokio::test]
async fn an_expired_record_is_evicted_before_a_live_one() {
    let store = MemoryStore::builder().max_records(3).build();
    insert(&store, 1, "body").await;
    let _ = store
        .put(&key(2), "body".into(), Duration::from_secs(1), Condition::IfAbsent)
        .await
        .unwrap();
    insert(&store, 3, "body").await;
    let _ = store.load(&key(2)).await.unwrap();
    store.advance(Duration::from_secs(2));
    insert(&store, 4, "body").await;
    assert!(has(&store, 1).await && has(&store, 3).await && has(&store, 4).await);
}

/// One fifth of the records is in use, and so many new ones come that the store is filled twice
/// over.
#[tokio::test]
async fn records_in_use_survive_in_a_full_store() {
    let store = MemoryStore::builder().max_records(50_000).build();
    for number in 0..50_000 {
        insert(&store, number, "body").await;
    }
    for new in 50_000..150_000 {
        insert(&store, new, "body").await;
        assert!(store.len() <= 50_000);
        if new % 1000 == 0 {
            for used in 0..10_000 {
                let _ = store.load(&key(used)).await.unwrap();
            }
        }
    }
    let mut found = 0;
    for used in 0..10_000 {
        found += usize::from(has(&store, used).await);
    }
    assert!(found > 9_950, "{found} of 10000");
}

/// Requests follow Zipf's law: the busiest sessions survive among all that come once.
#[tokio::test]
async fn busy_sessions_survive_a_skewed_load() {
    let store = MemoryStore::builder().max_records(5_000).build();
    let (mut random, mut misses, mut requests) = (1_u64, 0, 0);
    for step in 0..300_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // The logarithm of a rank is evenly distributed.
        let share = (random >> 11) as f64 / (1_u64 << 53) as f64;
        let rank = 100_000_f64.powf(share) as usize;
        let missing = !has(&store, rank).await;
        if missing {
            insert(&store, rank, "body").await;
        }
        if step > 50_000 && rank <= 100 {
            requests += 1;
            misses += usize::from(missing);
        }
    }
    assert!(misses * 1000 < requests, "{misses} misses in {requests}");
}

/// A record as large as the share of one shard: each shard gives a little, and none loses its
/// users.
#[tokio::test]
async fn a_large_record_evicts_no_record_in_use() {
    let store = MemoryStore::builder().max_bytes(8 << 20).build();
    let count = (8 << 20) / (MemoryStore::RECORD_SIZE + 4);
    for number in 0..count {
        insert(&store, number, "body").await;
    }
    for used in 0..count / 4 {
        assert!(has(&store, used).await);
    }
    for large in count..count + 3 {
        insert(&store, large, vec![1; 900 << 10]).await;
    }
    let mut found = 0;
    for used in 0..count / 4 {
        found += usize::from(has(&store, used).await);
    }
    assert!(found > count / 4 - 10, "{found} of {}", count / 4);
}

#[tokio::test]
async fn bytes_are_bounded_too() {
    let max = 300 * 1024;
    let store = MemoryStore::builder().max_bytes(max).build();
    for number in 0..1000 {
        insert(&store, number, vec![1; (number * 37) % 20_000]).await;
        assert!(store.bytes() <= max && has(&store, number).await);
    }
    // A record that grows evicts others as well, and is not evicted itself.
    let version = store.load(&key(999)).await.unwrap().unwrap().version;
    let large = Bytes::from(vec![2; max - MemoryStore::RECORD_SIZE]);
    let put =
        store.put(&key(999), large.clone(), HOUR, Condition::IfVersion(version)).await.unwrap();
    assert!(matches!(put, PutOutcome::Stored(_)));
    assert_eq!((store.len(), store.bytes()), (1, max));
    assert_eq!(store.load(&key(999)).await.unwrap().unwrap().body, large);
    assert!(store.remove(&key(999)).await.unwrap());
    assert_eq!((store.len(), store.bytes()), (0, 0));
}

#[tokio::test]
async fn a_record_as_large_as_several_shards_is_stored() {
    let store = MemoryStore::builder().max_bytes(16 << 20).max_body(16 << 20).build();
    for number in 0..20_000 {
        insert(&store, number, "body").await;
    }
    for number in 30_000..30_010 {
        insert(&store, number, vec![3; 12 << 20]).await;
        assert!(has(&store, number).await && store.bytes() <= 16 << 20);
    }
}

#[tokio::test]
async fn a_record_larger_than_the_store_is_refused_with_both_sizes() {
    let store = MemoryStore::builder().max_bytes(10_000).build();
    let body = Bytes::from(vec![0; 20_000]);
    let error = store.put(&key(1), body, HOUR, Condition::IfAbsent).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::TooLarge);
    let text = error.to_string();
    assert!(
        text.contains(&(20_000 + MemoryStore::RECORD_SIZE).to_string()) && text.contains("10000"),
        "{text}"
    );
    assert!(store.is_empty());
}

/// A visitor who could store as much as the whole store holds would push out all others.
#[tokio::test]
async fn one_record_cannot_push_out_the_others() {
    let body = |length| Bytes::from(vec![b'x'; length]);
    let ttl = Duration::from_secs(60);
    for (store, longest) in [
        (MemoryStore::builder().max_bytes(64 << 20).build(), 1 << 20),
        (MemoryStore::builder().max_bytes(64 << 20).max_body(100).build(), 100),
    ] {
        for number in 0..100 {
            let key = key(number);
            let put = store.put(&key, body(100), ttl, Condition::IfAbsent).await.unwrap();
            assert!(matches!(put, PutOutcome::Stored(_)));
        }
        let large = key(200);
        let put = store.put(&large, body(longest + 1), ttl, Condition::IfAbsent);
        let error = put.await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::TooLarge);
        assert!(error.to_string().contains("raise max_body"), "{error}");
        let put = store.put(&large, body(longest), ttl, Condition::IfAbsent);
        let _ = put.await.unwrap();
        assert_eq!(store.len(), 101);
    }
}
