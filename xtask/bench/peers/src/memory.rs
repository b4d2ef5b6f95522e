//! A million sessions in tower-sessions' memory store.

use std::collections::HashMap;
use std::hint::black_box;

use time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::{MemoryStore, SessionStore};
use xtask_bench::{Case, Random, THREE, Value, resident, runtime};

const MILLION: usize = 1_000_000;

pub fn cases() -> Vec<Case> {
    let store = MemoryStore::default();
    let before = resident();
    runtime().block_on(async {
        for number in 0..MILLION {
            let mut record = record(number);
            store.create(&mut record).await.expect("memory");
        }
    });
    let bytes = (resident() - before) as f64 / MILLION as f64;
    let on = |threads: usize| {
        let store = store.clone();
        let mut walks = Random::walks(threads);
        Case::new(
            format!("90/10 on {threads}"),
            "tower-sessions",
            move |times| {
                std::thread::scope(|scope| {
                    for walk in &mut walks {
                        let store = &store;
                        scope.spawn(move || work(store, walk, times / threads));
                    }
                });
            },
        )
        .uncounted()
    };
    let bytes = Case::fixed("a session", "tower-sessions", bytes, "bytes");
    vec![bytes, on(1), on(2)]
}

fn work(store: &MemoryStore, random: &mut Random, times: usize) {
    runtime().block_on(async {
        for step in 0..times {
            let id = id(random.below(MILLION));
            let record = store.load(&id).await.expect("memory").expect("a record");
            if step % 10 == 0 {
                store.save(black_box(&record)).await.expect("memory");
            }
        }
    });
}

fn record(number: usize) -> Record {
    let data: HashMap<_, _> = THREE
        .into_iter()
        .map(|(key, value)| {
            let value = match value {
                Value::Number(number) => number.into(),
                Value::Text(text) => text.into(),
            };
            (key.to_owned(), value)
        })
        .collect();
    Record {
        id: id(number),
        data,
        expiry_date: OffsetDateTime::now_utc() + Duration::days(1),
    }
}

fn id(number: usize) -> Id {
    let word = (number as u64 ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xff51_afd7_ed55_8ccd);
    Id(i128::from(word) << 64 | i128::from(word))
}
