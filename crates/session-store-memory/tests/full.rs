//! What the log says when the store is full. A program of its own, since it sets the global
//! subscriber.
#![allow(clippy::unwrap_used)]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_core::{Condition, RecordKey, RecordStore};
use session_store_memory::MemoryStore;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn fill(store: &MemoryStore, keys: std::ops::Range<u8>, ttl: Duration) {
    for number in keys {
        let key = RecordKey::from_digest([number; 32]);
        let put = store.put(&key, "body".into(), ttl, Condition::IfAbsent);
        let _ = put.await.unwrap();
    }
}

#[tokio::test]
async fn a_full_store_says_so_once() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let warnings = || {
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        text.matches("the memory store is full").count()
    };

    let store = MemoryStore::builder().max_records(10).build();
    fill(&store, 0..10, Duration::from_secs(1)).await;
    store.advance(Duration::from_secs(2));
    fill(&store, 10..20, Duration::from_secs(60)).await;
    assert_eq!(warnings(), 0, "nobody misses what had expired");
    fill(&store, 20..30, Duration::from_secs(60)).await;
    assert_eq!((warnings(), store.len()), (1, 10));
}
