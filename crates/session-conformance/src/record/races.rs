//! Operations at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use session_core::{Condition, PutOutcome, RecordKey, RecordStore, Version};
use tokio::task::JoinSet;

use crate::Failure;
use crate::check::Result;
use crate::context::{Context, HOUR, fresh_key};
use crate::failure::{ensure, expect};
use crate::recorder::Recorder;

/// Waits for all tasks. Returns the first failure.
async fn join<T: Send + 'static>(mut tasks: JoinSet<Result<T>>) -> Result<Vec<T>> {
    let mut done = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.map_err(Failure::task);
        done.push(ended??);
    }
    Ok(done)
}

pub(super) async fn one_of_many_inserts_is_stored(cx: Context) -> Result {
    let store = cx.store()?;
    for _ in 0..10 {
        let key = fresh_key()?;
        let mut tasks = JoinSet::new();
        for n in 0..16 {
            let (store, key) = (store.clone(), key.clone());
            tasks.spawn(async move {
                let body = format!("insert {n}");
                let put = store.put(&key, body.clone().into(), HOUR, Condition::IfAbsent).await?;
                Ok(matches!(put, PutOutcome::Stored(_)).then_some(body))
            });
        }
        let winners: Vec<_> = join(tasks).await?.into_iter().flatten().collect();
        expect("inserts that were stored, of 16 at once", &winners.len(), &1)?;
        for body in winners {
            store.holds("the one that was stored", &key, body.as_bytes()).await?;
        }
    }
    Ok(())
}

/// Counts up with conditional writes, as the engine does. Fails after many refusals.
async fn count_up(store: &Recorder, key: &RecordKey, times: u32) -> Result {
    for _ in 0..times {
        for attempt in 0.. {
            ensure(attempt < 10_000, || {
                "10000 conditional writes in a row were refused".to_owned()
            })?;
            let record = store.found("the counter", key).await?;
            let text = String::from_utf8_lossy(&record.body);
            let count: u32 =
                text.parse().map_err(|_| Failure::new(format!("the counter holds {text:?}")))?;
            let body = (count + 1).to_string();
            let condition = Condition::IfVersion(record.version);
            let put = store.put(key, body.into(), HOUR, condition).await?;
            if put != PutOutcome::Refused {
                break;
            }
        }
    }
    Ok(())
}

pub(super) async fn compare_and_write_are_one_step(cx: Context) -> Result {
    const TASKS: u32 = 8;
    const TIMES: u32 = 25;
    let (store, key) = (cx.store()?, fresh_key()?);
    store.insert(&key, "0").await?;
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (store, key) = (store.clone(), key.clone());
        tasks.spawn(async move { count_up(&store, &key, TIMES).await });
    }
    join(tasks).await?;
    let end = (TASKS * TIMES).to_string();
    let what =
        "the counter, after 8 tasks counted it up 25 times each, every write answered Stored";
    store.holds(what, &key, end.as_bytes()).await?;
    Ok(())
}

pub(super) async fn a_write_does_not_undo_a_removal(cx: Context) -> Result {
    let store = cx.store()?;
    for round in 0..80 {
        let key = fresh_key()?;
        let version = store.insert(&key, "0").await?;
        let writing = {
            let (store, key) = (store.clone(), key.clone());
            async move {
                let condition = Condition::IfVersion(version);
                store.put(&key, "1".into(), HOUR, condition).await
            }
        };
        let removing = async {
            for _ in 0..round % 4 {
                tokio::task::yield_now().await;
            }
            store.remove(&key).await
        };
        // On one thread, and on two.
        let (put, removed) = if round % 8 < 4 {
            tokio::join!(writing, removing)
        } else {
            let writing = tokio::spawn(writing);
            let removed = removing.await;
            let put = writing.await;
            let put = put.map_err(Failure::task)?;
            (put, removed)
        };
        let what = "remove of a record that was there all the time";
        expect(what, &removed?, &true)?;
        let what =
            format!("after a removal that overlapped a write, which was answered {:?}", put?);
        store.lacks(&what, &key).await?;
    }
    Ok(())
}

pub(super) async fn a_load_never_sees_half_a_write(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let length = cx.largest_body.min(40_000);
    let body =
        move |n: usize| Bytes::from(vec![b'a' + u8::try_from(n % 26).unwrap_or(0); length + n]);
    let mut version = store.insert(&key, body(0)).await?;
    let (loads, writes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for _ in 0..2 {
        let (store, key) = (store.clone(), key.clone());
        let (loads, writes) = (Arc::clone(&loads), Arc::clone(&writes));
        tasks.spawn(async move {
            let mut seen: Vec<(Version, Bytes)> = Vec::new();
            loop {
                let before = writes.load(Ordering::SeqCst);
                // The next write comes while this load is under way.
                loads.fetch_add(1, Ordering::SeqCst);
                let record = store.found("while it is written", &key).await?;
                let first = record.body.first().copied().unwrap_or_default();
                let n = record.body.len().wrapping_sub(length);
                ensure(record.body == body(n), || {
                    let at = record.body.iter().position(|byte| *byte != first);
                    format!(
                        "a body of {} bytes is a mixture of two writes, from byte {at:?} on",
                        record.body.len()
                    )
                })?;
                seen.push((record.version, record.body));
                if before == DONE {
                    return Ok(seen);
                }
                moves_on(&writes, before).await;
            }
        });
    }
    let mut written = vec![(version.clone(), body(0))];
    for n in 1..100 {
        let before = loads.load(Ordering::SeqCst);
        version = store.update(&key, body(n), &version).await?;
        written.push((version.clone(), body(n)));
        writes.fetch_add(1, Ordering::SeqCst);
        moves_on(&loads, before).await;
    }
    writes.store(DONE, Ordering::SeqCst);
    for (version, seen) in join(tasks).await?.into_iter().flatten() {
        let wrote = written.iter().find(|(other, _)| *other == version);
        ensure(wrote.is_some_and(|(_, body)| *body == seen), || {
            format!(
                "a load returned {version:?} with {} bytes, which is not the body of that version",
                seen.len()
            )
        })?;
    }
    Ok(())
}

const DONE: usize = usize::MAX;

/// Waits until `count` has changed, so that neither side runs ahead of the other. Gives up after a
/// while, since the other side may have failed.
async fn moves_on(count: &AtomicUsize, before: usize) {
    for _ in 0..1000 {
        if count.load(Ordering::SeqCst) != before {
            return;
        }
        tokio::task::yield_now().await;
    }
}

pub(super) async fn keys_do_not_block_each_other(cx: Context) -> Result {
    let store = cx.store()?;
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let store = store.clone();
        tasks.spawn(async move {
            let key = fresh_key()?;
            store.insert(&key, "0").await?;
            count_up(&store, &key, 5).await?;
            store.holds("a counter of its own", &key, b"5").await?;
            store.remove(&key).await?;
            Ok(())
        });
    }
    let limit = std::time::Duration::from_secs(15);
    let ended = tokio::time::timeout(limit, join(tasks)).await;
    let what = || format!("64 tasks, each on a key of its own, did not end within {limit:?}");
    ended.map_err(|_| Failure::new(what()))?.map(drop)
}
