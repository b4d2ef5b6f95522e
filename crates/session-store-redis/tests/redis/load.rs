//! Many clients that write, and what must be true of what they wrote.
//!
//! Each record is the list of the writes that it has seen, each with an id of its own: a lost write
//! is a missing id, a write that was applied twice is an id twice, and a record of another key has
//! another key's ids.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use session_core::{Condition, PutOutcome, RecordStore};
use tokio::task::JoinSet;

use crate::support::{Dice, HOUR, key};

pub(crate) struct Load {
    store: Arc<dyn RecordStore>,
    keys: u64,
    stop: Arc<AtomicBool>,
    clients: JoinSet<Vec<Written>>,
}

/// A write that was answered.
struct Written {
    key: u64,
    id: String,
}

#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) acknowledged: usize,
    pub(crate) missing: usize,
}

fn name(key: u64) -> String {
    format!("load-{key}")
}

impl Load {
    pub(crate) fn start(store: Arc<dyn RecordStore>, clients: u64, keys: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ids = Arc::new(AtomicU32::new(0));
        let mut running = JoinSet::new();
        for client in 0..clients {
            let (store, stop, ids) = (store.clone(), stop.clone(), ids.clone());
            running.spawn(async move {
                let (mut dice, mut written) = (Dice::new(client + 1), Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    let key = dice.below(keys);
                    let id = format!("{key:03}-{:08}", ids.fetch_add(1, Ordering::Relaxed));
                    if append(&*store, key, &id, &stop).await {
                        written.push(Written { key, id });
                    }
                }
                written
            });
        }
        Self { store, keys, stop, clients: running }
    }

    /// Stops the clients, and reads every record; nothing may be there twice, or at another's key.
    pub(crate) async fn stop(mut self) -> Verdict {
        self.stop.store(true, Ordering::Relaxed);
        let mut written = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            written.extend(client.unwrap());
        }
        let mut seen: HashMap<String, u64> = HashMap::new();
        for number in 0..self.keys {
            let Some(record) = self.store.load(&key(&name(number))).await.unwrap() else {
                continue;
            };
            let body = String::from_utf8(record.body.to_vec()).unwrap();
            for id in body.lines() {
                assert!(id.starts_with(&format!("{number:03}-")), "{id} is at key {number}");
                assert_eq!(seen.insert(id.to_owned(), number), None, "{id} was applied twice");
            }
        }
        let missing = written.iter().filter(|write| seen.get(&write.id) != Some(&write.key));
        Verdict { missing: missing.count(), acknowledged: written.len() }
    }
}

/// Adds `id` to the record, and looks for it there wherever the outcome is unknown. `false`: the
/// test ended before it was sure.
async fn append(store: &dyn RecordStore, number: u64, id: &str, stop: &AtomicBool) -> bool {
    let key = key(&name(number));
    loop {
        let Ok(now) = store.load(&key).await else {
            if stop.load(Ordering::Relaxed) {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let (mut body, condition) = match now {
            Some(record) => (
                String::from_utf8(record.body.to_vec()).unwrap(),
                Condition::IfVersion(record.version),
            ),
            None => (String::new(), Condition::IfAbsent),
        };
        if body.contains(id) {
            return true;
        }
        body.push_str(id);
        body.push('\n');
        if let Ok(PutOutcome::Stored(_)) = store.put(&key, Bytes::from(body), HOUR, condition).await
        {
            return true;
        }
    }
}
