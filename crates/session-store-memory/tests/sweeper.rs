//! The background task.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use session_core::{Condition, RecordKey, RecordStore};
use session_store_memory::MemoryStore;

const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test]
async fn it_sweeps_and_ends_with_the_store() {
    let store = MemoryStore::new();
    let sweeper = store.sweep_every(MILLISECOND);
    let key = RecordKey::from_digest([7; 32]);
    let ttl = Duration::from_secs(1);
    let _ = store.put(&key, "body".into(), ttl, Condition::IfAbsent).await.unwrap();
    store.advance(ttl * 2);
    let swept = async {
        while !store.is_empty() {
            tokio::time::sleep(MILLISECOND).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), swept).await.unwrap();

    drop(store);
    tokio::time::timeout(Duration::from_secs(10), sweeper).await.unwrap().unwrap();
}
