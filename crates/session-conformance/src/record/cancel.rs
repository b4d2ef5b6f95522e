//! Operations whose future is dropped half-way, as when a client hangs up.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use session_core::{Condition, PutOutcome, RecordStore};

use crate::check::Result;
use crate::context::{Context, HOUR, fresh_key};
use crate::failure::ensure;

const ROUNDS: u32 = 24;

/// Polls `operation` at most `polls` times, and drops it.
async fn cut_off<T>(operation: impl Future<Output = T>, polls: u32) {
    let mut operation = pin!(operation);
    let mut left = polls;
    let polling = std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        operation.as_mut().poll(context).map(|_| ())
    });
    // A poll that nothing wakes would wait for the operation's own time limit.
    let _ = tokio::time::timeout(Duration::from_millis(20), polling).await;
}

pub(super) async fn a_cancelled_load_does_not_affect_others(cx: Context) -> Result {
    let (store, theirs, mine) = (cx.store()?, fresh_key()?, fresh_key()?);
    store.insert(&theirs, "a stranger's").await?;
    store.insert(&mine, "mine").await?;
    for round in 0..ROUNDS {
        for _ in 0..3 {
            cut_off(store.load(&theirs), round % 4).await;
        }
        store.holds("the next load after a cancelled one", &mine, b"mine").await?;
        let unknown = fresh_key()?;
        store.lacks("a load of an unknown key after that", &unknown).await?;
    }
    Ok(())
}

pub(super) async fn a_cancelled_put_does_not_affect_others(cx: Context) -> Result {
    let (store, mine) = (cx.store()?, fresh_key()?);
    let mut version = store.insert(&mine, "0").await?;
    for round in 0..ROUNDS {
        let theirs = fresh_key()?;
        let put = store.put(&theirs, "a stranger's".into(), HOUR, Condition::IfAbsent);
        cut_off(put, round % 4).await;
        // The cancelled write is answered Stored, and this one must be Refused.
        let stale = session_core::Version::from_bytes(b"none such");
        let what = "the next write after a cancelled one";
        store.refuses(what, &mine, "lost", Condition::IfVersion(stale)).await?;
        let body = round.to_string();
        version = store.update(&mine, format!("{body} next"), &version).await?;
        let body = format!("{body} next");
        store.holds("what it wrote", &mine, body.as_bytes()).await?;
    }
    Ok(())
}

pub(super) async fn a_cancelled_remove_does_not_affect_others(cx: Context) -> Result {
    let (store, mine) = (cx.store()?, fresh_key()?);
    store.insert(&mine, "mine").await?;
    for round in 0..ROUNDS {
        let theirs = fresh_key()?;
        store.insert(&theirs, "a stranger's").await?;
        cut_off(store.remove(&theirs), round % 4).await;
        let unknown = fresh_key()?;
        let removed = store.remove(&unknown).await?;
        ensure(!removed, || {
            "remove of an unknown key got the answer of a cancelled one".to_owned()
        })?;
        store.holds("another key, after a cancelled removal", &mine, b"mine").await?;
    }
    Ok(())
}

pub(super) async fn a_cancelled_put_is_applied_whole_or_not_at_all(cx: Context) -> Result {
    let store = cx.store()?;
    for round in 0..ROUNDS {
        let key = fresh_key()?;
        let version = store.insert(&key, "before").await?;
        let condition = Condition::IfVersion(version.clone());
        let put = store.put(&key, "after".into(), HOUR, condition.clone());
        cut_off(put, round % 4).await;
        let record = store.found("after a cancelled write", &key).await?;
        ensure(record.body == "before" || record.body == "after", || {
            format!("a cancelled write left {:?}", record.body)
        })?;
        // The cancelled write may have been applied, or may still be: of two writes for one
        // version, one must be refused.
        let put = store.put(&key, "own".into(), HOUR, condition).await?;
        if let PutOutcome::Stored(_) = put {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let what = "what was stored, after a cancelled write for the same version";
            store.holds(what, &key, b"own").await?;
        }
    }
    Ok(())
}
