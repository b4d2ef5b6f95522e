//! Loads, conditional writes, removals, one after another.

use session_core::{Condition, PutOutcome, RecordKey, RecordStore, Version};

use crate::check::{Check, Result, check};
use crate::context::{Context, HOUR, fresh_key};
use crate::failure::{ensure, expect};
use crate::recorder::Recorder;

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Record, "record", an_unknown_key_holds_nothing, "A visitor with an old cookie gets an error page, or someone's data.", [Records]),
    check!(Record, "record", what_was_put_is_loaded, "Nothing that a user does is remembered.", [Records]),
    check!(Record, "record", put_returns_the_version_that_load_reports, "The second save of one request is refused, and fails with a conflict where there was none.", [Records]),
    check!(Record, "record", loading_changes_nothing, "Opening a page makes another page's save fail.", [Records]),
    check!(Record, "record", if_absent_refuses_a_taken_key, "A new session replaces one that exists.", [Records]),
    check!(Record, "record", if_version_refuses_a_stale_version, "Two tabs write at once, and what the first one wrote is lost.", [Records]),
    check!(Record, "record", if_version_refuses_a_missing_record, "A slow request brings back the session that its user logged out of.", [Records]),
    check!(Record, "record", if_version_refuses_after_remove, "A slow request brings back a session that was removed.", [Records]),
    check!(Record, "record", if_version_refuses_a_strange_version, "After a change of backend, a write goes over a record that it never saw.", [Records]),
    check!(Record, "record", a_write_changes_the_version, "Two tabs write at once, and the second does not notice the first.", [Records]),
    check!(Record, "record", a_version_is_not_used_again, "A write that was made for one state of a session goes over another one that happens to have the same number.", [Records]),
    check!(Record, "record", stored_means_written, "The user is told that the change was saved, and it was not.", [Records]),
    check!(Record, "record", refused_means_unchanged, "A change that failed with a conflict is made all the same, and made again when it is repeated.", [Records]),
    check!(Record, "record", remove_removes, "A session that nobody may see stays in the database.", [Records]),
    check!(Record, "record", remove_says_whether_there_was_a_record, "Metrics count sessions that never were.", [Records]),
    check!(Record, "record", a_removed_key_can_be_taken, "A key that was once used never takes a session again.", [Records]),
    check!(Record, "record", a_load_sees_the_last_answered_write, "The page after a login still shows the visitor as logged out.", [Records]),
    check!(Record, "record", load_now_says_what_load_says, "A request sees a session as it was, or one that is gone, wherever the store answers without waiting.", [Records]),
];

async fn an_unknown_key_holds_nothing(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    store.lacks("a key that was never written", &key).await
}

async fn what_was_put_is_loaded(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let first = store.insert(&key, "[{\"n\":1},{}]").await?;
    store
        .holds("after an insert", &key, b"[{\"n\":1},{}]")
        .await?;
    store.update(&key, "[{\"n\":2},{}]", &first).await?;
    store
        .holds("after an update", &key, b"[{\"n\":2},{}]")
        .await?;
    Ok(())
}

async fn put_returns_the_version_that_load_reports(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let mut version = store.insert(&key, "0").await?;
    for body in ["1", "2", "3"] {
        let loaded = store.found("after a write", &key).await?.version;
        expect(
            "the version of the record that put stored",
            &loaded,
            &version,
        )?;
        version = store.update(&key, body, &version).await?;
    }
    Ok(())
}

async fn loading_changes_nothing(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    store.insert(&key, "body").await?;
    let first = store.found("the first load", &key).await?;
    for _ in 0..3 {
        let next = store.found("a later load", &key).await?;
        expect("a record that was only loaded", &next, &first)?;
    }
    store.update(&key, "next", &first.version).await?;
    Ok(())
}

async fn if_absent_refuses_a_taken_key(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let version = store.insert(&key, "first").await?;
    for body in ["second", "first", ""] {
        store
            .refuses("IfAbsent on a taken key", &key, body, Condition::IfAbsent)
            .await?;
        let record = store.found("after the refused insert", &key).await?;
        expect(
            "the body after a refused insert",
            &record.body,
            &b"first"[..],
        )?;
        expect("its version", &record.version, &version)?;
    }
    Ok(())
}

async fn if_version_refuses_a_stale_version(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let first = store.insert(&key, "first").await?;
    let second = store.update(&key, "second", &first).await?;
    let stale = Condition::IfVersion(first);
    store
        .refuses(
            "IfVersion with a stale version",
            &key,
            "lost",
            stale.clone(),
        )
        .await?;
    store
        .holds("after the refused write", &key, b"second")
        .await?;
    store.update(&key, "third", &second).await?;
    store
        .refuses("IfVersion with an older one still", &key, "lost", stale)
        .await?;
    store.holds("at the end", &key, b"third").await?;
    Ok(())
}

async fn if_version_refuses_a_missing_record(cx: Context) -> Result {
    let (store, key, other) = (cx.store()?, fresh_key()?, fresh_key()?);
    let elsewhere = store.insert(&other, "another key's").await?;
    for version in [elsewhere, Version::from(0), Version::from(1)] {
        let condition = Condition::IfVersion(version);
        store
            .refuses(
                "IfVersion where there is no record",
                &key,
                "risen",
                condition,
            )
            .await?;
        store.lacks("after the refused write", &key).await?;
    }
    Ok(())
}

async fn if_version_refuses_after_remove(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let version = store.insert(&key, "first").await?;
    expect("remove of a record", &store.remove(&key).await?, &true)?;
    let condition = Condition::IfVersion(version);
    store
        .refuses("IfVersion after remove", &key, "risen", condition)
        .await?;
    store.lacks("after the refused write", &key).await
}

async fn if_version_refuses_a_strange_version(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let version = store.insert(&key, "first").await?;
    let strange = [
        Version::from(0),
        Version::from(u64::MAX),
        Version::from_bytes(b""),
        Version::from_bytes(b"0"),
        Version::from_bytes(&[0xff; 64]),
    ];
    for strange in strange.into_iter().filter(|strange| *strange != version) {
        let condition = Condition::IfVersion(strange);
        store
            .refuses(
                "IfVersion with a version of another kind",
                &key,
                "lost",
                condition,
            )
            .await?;
        store
            .holds("after the refused write", &key, b"first")
            .await?;
    }
    Ok(())
}

async fn a_write_changes_the_version(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let mut seen = vec![store.insert(&key, "0").await?];
    for body in ["1", "2", "3", "4"] {
        let last = store.found("before a write", &key).await?.version;
        let next = store.update(&key, body, &last).await?;
        ensure(!seen.contains(&next), || {
            format!(
                "the write of {body:?} left the version {next:?}, which an earlier body had: {seen:?}"
            )
        })?;
        seen.push(next);
    }
    Ok(())
}

async fn a_version_is_not_used_again(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let old = store.insert(&key, "before").await?;
    store.remove(&key).await?;
    let new = store.insert(&key, "after").await?;
    ensure(new != old, || {
        format!("two bodies at one key, with a removal in between, have one version: {old:?}")
    })?;
    let condition = Condition::IfVersion(old);
    store
        .refuses("IfVersion from before the removal", &key, "lost", condition)
        .await?;
    store.holds("at the end", &key, b"after").await?;
    Ok(())
}

async fn stored_means_written(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let first = store.insert(&key, "first").await?;
    store.update(&key, "second", &first).await?;
    let tries = [
        ("a stale version", Condition::IfVersion(first)),
        ("IfAbsent on a taken key", Condition::IfAbsent),
    ];
    for (what, condition) in tries {
        let put = store.put(&key, what.into(), HOUR, condition).await?;
        if let PutOutcome::Stored(version) = put {
            let record = store.found("after Stored", &key).await?;
            expect("what stands after Stored", &record.body, what.as_bytes())?;
            expect("its version", &record.version, &version)?;
        }
    }
    Ok(())
}

async fn refused_means_unchanged(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let first = store.insert(&key, "first").await?;
    let second = store.update(&key, "second", &first).await?;
    for condition in [Condition::IfVersion(first), Condition::IfAbsent] {
        let put = store.put(&key, "third".into(), HOUR, condition).await?;
        if put == PutOutcome::Refused {
            let record = store.found("after Refused", &key).await?;
            expect("what stands after Refused", &record.body, &b"second"[..])?;
            expect("its version", &record.version, &second)?;
        }
    }
    Ok(())
}

async fn remove_removes(cx: Context) -> Result {
    let (store, key, other) = (cx.store()?, fresh_key()?, fresh_key()?);
    store.insert(&key, "gone").await?;
    store.insert(&other, "stays").await?;
    store.remove(&key).await?;
    store.lacks("after remove", &key).await?;
    store
        .holds("another key after remove", &other, b"stays")
        .await?;
    Ok(())
}

async fn remove_says_whether_there_was_a_record(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    expect(
        "remove of an unknown key",
        &store.remove(&key).await?,
        &false,
    )?;
    store.insert(&key, "body").await?;
    expect("remove of a record", &store.remove(&key).await?, &true)?;
    expect("remove once more", &store.remove(&key).await?, &false)
}

async fn a_removed_key_can_be_taken(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    for body in [&b"first"[..], b"second", b"third"] {
        store.insert(&key, body).await?;
        store.holds("after an insert", &key, body).await?;
        store.remove(&key).await?;
    }
    Ok(())
}

async fn a_load_sees_the_last_answered_write(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let mut version = store.insert(&key, "0").await?;
    for n in 1..50 {
        let body = n.to_string();
        version = store.update(&key, body.clone(), &version).await?;
        store
            .holds("right after a write", &key, body.as_bytes())
            .await?;
    }
    store.remove(&key).await?;
    store.lacks("right after remove", &key).await
}

async fn load_now_says_what_load_says(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    same_both_ways(&store, &key).await?;
    let version = store.insert(&key, "one").await?;
    same_both_ways(&store, &key).await?;
    store.update(&key, "two", &version).await?;
    same_both_ways(&store, &key).await?;
    store.remove(&key).await?;
    same_both_ways(&store, &key).await
}

async fn same_both_ways(store: &Recorder, key: &RecordKey) -> Result {
    match store.load_now(key) {
        Some(now) => expect("load_now", &now?, &store.load(key).await?),
        None => Ok(()),
    }
}
