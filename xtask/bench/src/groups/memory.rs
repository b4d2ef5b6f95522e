//! A memory store with a million sessions.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use session_core::{Condition, RecordKey, RecordStore};
use session_store_memory::MemoryStore;

use crate::{Case, runtime};

const MILLION: usize = 1_000_000;
/// Three small keys and the metadata.
const BODY: &str = concat!(
    r#"[{"user":42,"theme":"dark","count":1},{},{"v":1,"c":1763900000000,"i":1763986400000,"#,
    r#""k":"abcdefgh","w":"abcdefghijklmnop"}]"#
);
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn cases() -> Vec<Case> {
    let store = MemoryStore::builder().max_records(2 * MILLION).max_bytes(2 << 30).build();
    let visited = store.clone();
    million(
        "ours",
        async move |number| {
            let (key, body) = (key(number), Bytes::from_static(BODY.as_bytes()));
            let put = store.put(&key, body, DAY, Condition::IfAbsent);
            let _ = black_box(put.await.expect("memory"));
        },
        async move |number, writes| {
            let key = key(number);
            let loaded = visited.load(&key).await.expect("memory");
            let record = loaded.expect("a record");
            if writes {
                let condition = Condition::IfVersion(record.version);
                let put = visited.put(&key, record.body, DAY, condition);
                let _ = black_box(put.await.expect("memory"));
            }
        },
    )
}

/// Creates a million sessions, then visits them at random. Every tenth visit writes.
pub fn million<V>(subject: &'static str, create: impl AsyncFn(usize), visit: V) -> Vec<Case>
where
    V: AsyncFn(usize, bool) + Clone + Send + 'static,
{
    let before = resident();
    runtime().block_on(async {
        for number in 0..MILLION {
            create(number).await;
        }
    });
    let bytes = (resident() - before) as f64 / MILLION as f64;
    let on = |scenario, threads| {
        let visit = visit.clone();
        // They go on from run to run: to start over would be to visit what the caches still hold.
        let mut walks: Vec<_> = (1..=threads).map(Random::seeded).collect();
        Case::timed(scenario, subject, move |times| {
            std::thread::scope(|scope| {
                for walk in &mut walks {
                    let visit = visit.clone();
                    scope.spawn(move || run(walk, visit, times / threads));
                }
            });
        })
    };
    vec![
        Case::counted("bytes a session", subject, bytes, "bytes"),
        on("one thread", 1),
        on("two threads", 2),
    ]
}

fn run(walk: &mut Random, visit: impl AsyncFn(usize, bool), times: usize) {
    runtime().block_on(async {
        for step in 0..times {
            visit(walk.below(MILLION), step % 10 == 0).await;
        }
    });
}

/// Spread as digests are.
fn key(number: usize) -> RecordKey {
    let mut random = Random::seeded(number);
    let mut digest = [0; 32];
    for part in digest.chunks_mut(8) {
        part.copy_from_slice(&random.next().to_le_bytes());
    }
    RecordKey::from_digest(digest)
}

/// The same numbers in each run: splitmix64.
struct Random(u64);

impl Random {
    fn seeded(seed: usize) -> Self {
        Self((seed as u64).wrapping_mul(0xff51_afd7_ed55_8ccd))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// How many bytes of memory this process uses.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kilobytes.map(|kilobytes: usize| kilobytes * 1024).expect("Linux")
}
