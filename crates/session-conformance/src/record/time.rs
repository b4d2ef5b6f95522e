//! A record is kept until its ttl has passed; after that it is there whole, or gone.

use std::time::{Duration, Instant};

use session_core::{Condition, PutOutcome, RecordKey, RecordStore, Version};

use crate::Failure;
use crate::check::Result;
use crate::context::{Context, HOUR, fresh_key, stored};
use crate::failure::{ensure, expect};
use crate::recorder::Recorder;

const SECOND: Duration = Duration::from_secs(1);

impl Recorder {
    async fn insert_for(
        &self,
        key: &RecordKey,
        body: &'static str,
        ttl: Duration,
    ) -> Result<Version> {
        let put = self.put(key, body.into(), ttl, Condition::IfAbsent).await?;
        stored("IfAbsent on a free key", put)
    }
}

pub(super) async fn a_record_is_kept_until_its_ttl_has_passed(cx: Context) -> Result {
    if cx.clock_moves() {
        let (store, key) = (cx.store()?, fresh_key()?);
        store.insert_for(&key, "kept", Duration::from_millis(5900)).await?;
        for _ in 0..5 {
            cx.pass(SECOND).await;
            store.holds("before its ttl of 5.9 s", &key, b"kept").await?;
        }
        return Ok(());
    }
    let store = cx.store()?;
    let mut waits = tokio::task::JoinSet::new();
    for ttl in [1000, 1400, 1900, 2500, 4000] {
        waits.spawn(kept(store.clone(), Duration::from_millis(ttl)));
    }
    while let Some(ended) = waits.join_next().await {
        ended.map_err(Failure::task)??;
    }
    Ok(())
}

/// Loads a record several times before its ttl has passed. If a load took too long to tell, tries
/// again with a longer ttl.
async fn kept(store: Recorder, ttl: Duration) -> Result {
    let mut ttl = ttl;
    for _ in 0..4 {
        let key = fresh_key()?;
        let start = Instant::now();
        store.insert_for(&key, "kept", ttl).await?;
        let mut told = true;
        for percent in [20, 60, 90] {
            let look = (start + ttl * percent / 100).saturating_duration_since(Instant::now());
            tokio::time::sleep(look).await;
            let record = store.load(&key).await?;
            let age = start.elapsed();
            told &= age < ttl;
            if age < ttl {
                ensure(record.is_some_and(|record| record.body == "kept"), || {
                    format!("the record was gone {age:?} after it was put for {ttl:?}")
                })?;
            }
        }
        if told {
            return Ok(());
        }
        ttl *= 2;
    }
    Err(Failure::new(
        "the store is too slow to tell: four times, a load began before the ttl had passed and \
         ended after it",
    ))
}

pub(super) async fn a_write_renews_the_ttl(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let version = store.insert_for(&key, "first", 2 * SECOND).await?;
    store.update(&key, "second", &version).await?;
    cx.pass(4 * SECOND).await;
    let what = "put for 2 s, then written for an hour, 4 s later";
    store.holds(what, &key, b"second").await?;
    Ok(())
}

pub(super) async fn a_refused_write_leaves_the_ttl(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    store.insert(&key, "kept").await?;
    for condition in [Condition::IfAbsent, Condition::IfVersion(Version::from_bytes(b"none such"))]
    {
        let put = store.put(&key, "lost".into(), SECOND, condition).await?;
        expect("a write whose condition does not hold", &put, &PutOutcome::Refused)?;
    }
    cx.pass(3 * SECOND).await;
    let what = "put for an hour, 3 s after refused writes for 1 s";
    store.holds(what, &key, b"kept").await?;
    Ok(())
}

pub(super) async fn long_ttls_are_honoured(cx: Context) -> Result {
    const DAY: u64 = 24 * 3600;
    let store = cx.store()?;
    let days = [29, 30, 31, 365, 20 * 365, 60 * 365, 200 * 365, 1000 * 36_525];
    let mut keys = Vec::new();
    for days in days {
        let key = fresh_key()?;
        let ttl = Duration::from_secs(days * DAY + 1);
        let version = store.insert_for(&key, "kept", ttl).await?;
        let put = store.put(&key, "kept on".into(), ttl, Condition::IfVersion(version)).await?;
        let _ = stored("IfVersion with the record's version", put)?;
        keys.push((days, key));
    }
    cx.pass(2 * SECOND).await;
    for (days, key) in keys {
        let what = format!("put for {days} days, 2 s later");
        store.holds(&what, &key, b"kept on").await?;
    }
    Ok(())
}

pub(super) async fn an_expired_record_is_whole_or_gone(cx: Context) -> Result {
    let (store, key, renewed) = (cx.store()?, fresh_key()?, fresh_key()?);
    let version = store.insert_for(&key, "whole", SECOND).await?;
    let second = store.insert_for(&renewed, "whole", SECOND).await?;
    cx.pass(3 * SECOND).await;
    match store.load(&key).await? {
        None => {
            let condition = Condition::IfVersion(version.clone());
            let what = "IfVersion on a record that a load no longer finds";
            store.refuses(what, &key, "risen", condition).await?;
            store.lacks("after the refused write", &key).await?;
            store.insert(&key, "new").await?;
            store.holds("the place of an expired record", &key, b"new").await?;
            let condition = Condition::IfVersion(version);
            let what = "IfVersion with the expired record's version";
            store.refuses(what, &key, "lost", condition).await?;
        }
        Some(record) => {
            expect("a record after its ttl", &record.body, &b"whole"[..])?;
            expect("its version", &record.version, &version)?;
        }
    }
    let put = store.put(&renewed, "renewed".into(), HOUR, Condition::IfVersion(second)).await?;
    match put {
        PutOutcome::Stored(_) => {
            store.holds("renewed after its ttl", &renewed, b"renewed").await?;
        }
        PutOutcome::Refused => {
            store.insert(&renewed, "again").await?;
        }
    }
    expect("remove at the end", &store.remove(&renewed).await?, &true)
}
