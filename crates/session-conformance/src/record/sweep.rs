//! Sweeping deletes only expired records, and no more than it was asked to.

use std::time::Duration;

use session_core::{Condition, RecordStore};

use crate::check::Result;
use crate::context::{Context, HOUR, fresh_key, stored};
use crate::failure::ensure;
use crate::recorder::Recorder;

const SECOND: Duration = Duration::from_secs(1);

async fn insert_old(store: &Recorder) -> Result {
    let put = store.put(&fresh_key()?, "old".into(), SECOND, Condition::IfAbsent).await?;
    stored("IfAbsent on a free key", put).map(drop)
}

pub(super) async fn sweep_spares_live_records(cx: Context) -> Result {
    let store = cx.store()?;
    let mut living = Vec::new();
    for n in 0..20 {
        let key = fresh_key()?;
        store.insert(&key, format!("body {n}")).await?;
        living.push(key);
        insert_old(&store).await?;
    }
    cx.pass(3 * SECOND).await;
    for _ in 0..3 {
        store.sweep(1000).await?;
    }
    for (n, key) in living.iter().enumerate() {
        let body = format!("body {n}");
        store.holds("a living record after sweeping", key, body.as_bytes()).await?;
    }
    Ok(())
}

pub(super) async fn sweep_respects_its_limit(cx: Context) -> Result {
    const OLD: usize = 12;
    let store = cx.store()?;
    store.insert(&fresh_key()?, "lives").await?;
    for _ in 0..OLD {
        insert_old(&store).await?;
    }
    cx.pass(3 * SECOND).await;
    let mut total = 0;
    for limit in [0, 1, 5, 1000, 1000] {
        let swept = store.sweep(limit).await?;
        ensure(swept <= limit, || format!("sweep({limit}) says that it deleted {swept} records"))?;
        total += swept;
    }
    ensure(total <= OLD, || {
        format!("sweeping says that it deleted {total} records, and {OLD} had expired")
    })
}

pub(super) async fn sweep_spares_renewed_records(cx: Context) -> Result {
    let store = cx.store()?;
    let mut keys = Vec::new();
    for _ in 0..10 {
        let key = fresh_key()?;
        let put = store.put(&key, "short".into(), 2 * SECOND, Condition::IfAbsent).await?;
        let version = stored("IfAbsent on a free key", put)?;
        let put = store.put(&key, "renewed".into(), HOUR, Condition::IfVersion(version)).await?;
        let _ = stored("IfVersion with the record's version", put)?;
        keys.push(key);
    }
    cx.pass(4 * SECOND).await;
    store.sweep(1000).await?;
    for key in keys {
        let what = "put for 2 s, renewed for an hour, swept 4 s later";
        store.holds(what, &key, b"renewed").await?;
    }
    Ok(())
}
