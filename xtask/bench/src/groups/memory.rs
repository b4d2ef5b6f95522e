//! The memory store with many sessions.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use session_core::{Condition, RecordKey, RecordStore};
use session_store_memory::MemoryStore;

use crate::app::runtime;
use crate::{Case, Random};

pub(super) const MILLION: usize = 1_000_000;
/// What three small keys and the metadata come to.
const BODY: &[u8] = br#"[{"user":42,"theme":"dark","count":1},{},{"v":1,"c":1763900000000,"i":1763986400000,"k":"abcdefgh","w":"abcdefghijklmnop"}]"#;
const DAY: Duration = Duration::from_secs(86_400);

/// A million sessions; nine reads to one read and write.
pub(super) fn store() -> Vec<Case> {
    let store = roomy();
    let before = resident();
    runtime().block_on(async {
        for number in 0..MILLION {
            let (key, body) = (key(number), Bytes::from_static(BODY));
            let put = store.put(&key, body, DAY, Condition::IfAbsent);
            let _ = black_box(put.await.expect("room"));
        }
    });
    let bytes = (resident() - before) as f64 / MILLION as f64;
    let on = |threads: usize| {
        let store = store.clone();
        let mut walks = Random::walks(threads);
        Case::new(format!("90/10 on {threads}"), "ours", move |times| {
            std::thread::scope(|scope| {
                for walk in &mut walks {
                    let store = &store;
                    scope.spawn(move || work(store, walk, times / threads));
                }
            });
        })
        .uncounted()
    };
    let bytes = Case::fixed("a session", "ours", bytes, "bytes");
    vec![bytes, on(1), on(2)]
}

/// A store with room for a million sessions and more.
pub(super) fn roomy() -> MemoryStore {
    MemoryStore::builder()
        .max_records(2 * MILLION)
        .max_bytes(2 << 30)
        .build()
}

fn work(store: &MemoryStore, random: &mut Random, times: usize) {
    runtime().block_on(async {
        for step in 0..times {
            let key = key(random.below(MILLION));
            // As the engine asks it.
            let loaded = store.load_now(&key).expect("it need not wait");
            let record = loaded.expect("memory").expect("a record");
            if step % 10 == 0 {
                let condition = Condition::IfVersion(record.version);
                let put = store.put(&key, record.body, DAY, condition);
                let _ = black_box(put.await.expect("memory"));
            }
        }
    });
}

/// Spread as digests are.
fn key(number: usize) -> RecordKey {
    let mut word = (number as u64 ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xff51_afd7_ed55_8ccd);
    // A product alone spreads numbers that follow each other evenly, which flatters a hash table.
    word = (word ^ word >> 32).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word ^= word >> 29;
    let mut digest = [0; 32];
    for (at, part) in (0..).zip(digest.chunks_mut(8)) {
        part.copy_from_slice(&word.rotate_left(16 * at).to_le_bytes());
    }
    RecordKey::from_digest(digest)
}

/// How much memory this process takes, in bytes.
pub fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number of pages") * 4096
}
