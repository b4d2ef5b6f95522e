//! tower-sessions' memory store.

use std::hint::black_box;

use time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::{MemoryStore, SessionStore};
use xtask_bench::{Case, THREE, Value, million};

pub fn cases() -> Vec<Case> {
    let store = MemoryStore::default();
    let visited = store.clone();
    million(
        "tower-sessions",
        async move |number| {
            let created = store.create(&mut record(number)).await;
            created.expect("memory");
        },
        async move |number, writes| {
            let loaded = visited.load(&id(number)).await.expect("memory");
            let record = loaded.expect("a record");
            if writes {
                visited.save(black_box(&record)).await.expect("memory");
            }
        },
    )
}

fn record(number: usize) -> Record {
    let data = THREE.map(|(key, value)| {
        let value = match value {
            Value::Number(number) => number.into(),
            Value::Text(text) => text.into(),
        };
        (key.to_owned(), value)
    });
    Record {
        id: id(number),
        data: data.into(),
        expiry_date: OffsetDateTime::now_utc() + Duration::days(1),
    }
}

fn id(number: usize) -> Id {
    let word = (number as u64 ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xff51_afd7_ed55_8ccd);
    Id(i128::from(word) << 64 | i128::from(word))
}
