//! Loads, conditional writes and removals, one after another.

use session_core::{Condition, PutOutcome, RecordStore, Version};

use crate::check::Result;
use crate::context::{Context, HOUR, fresh_key};
use crate::failure::{ensure, expect};

pub(super) async fn an_unknown_key_has_no_record(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    store.lacks("a key that was never written", &key).await
}

pub(super) async fn load_returns_what_put_stored(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let first = store.insert(&key, "[{\"n\":1},{}]").await?;
    store.holds("after an insert", &key, b"[{\"n\":1},{}]").await?;
    store.update(&key, "[{\"n\":2},{}]", &first).await?;
    store.holds("after an update", &key, b"[{\"n\":2},{}]").await?;
    Ok(())
}

pub(super) async fn put_returns_the_version_that_load_reports(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let mut version = store.insert(&key, "0").await?;
    for body in ["1", "2", "3"] {
        let loaded = store.found("after a write", &key).await?.version;
        expect("the version of the record that put stored", &loaded, &version)?;
        version = store.update(&key, body, &version).await?;
    }
    Ok(())
}

pub(super) async fn loading_changes_nothing(cx: Context) -> Result {
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

pub(super) async fn if_absent_refuses_a_taken_key(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let version = store.insert(&key, "first").await?;
    for body in ["second", "first", ""] {
        store.refuses("IfAbsent on a taken key", &key, body, Condition::IfAbsent).await?;
        let record = store.found("after the refused insert", &key).await?;
        expect("the body after a refused insert", &record.body, &b"first"[..])?;
        expect("its version", &record.version, &version)?;
    }
    Ok(())
}

pub(super) async fn if_version_refuses_a_stale_version(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let first = store.insert(&key, "first").await?;
    let second = store.update(&key, "second", &first).await?;
    let stale = Condition::IfVersion(first);
    store.refuses("IfVersion with a stale version", &key, "lost", stale.clone()).await?;
    store.holds("after the refused write", &key, b"second").await?;
    store.update(&key, "third", &second).await?;
    store.refuses("IfVersion with a version that is older still", &key, "lost", stale).await?;
    store.holds("at the end", &key, b"third").await?;
    Ok(())
}

pub(super) async fn if_version_refuses_a_missing_record(cx: Context) -> Result {
    let (store, key, other) = (cx.store()?, fresh_key()?, fresh_key()?);
    let elsewhere = store.insert(&other, "another key's").await?;
    for version in [elsewhere, Version::from(0), Version::from(1)] {
        let condition = Condition::IfVersion(version);
        store.refuses("IfVersion where there is no record", &key, "risen", condition).await?;
        store.lacks("after the refused write", &key).await?;
    }
    Ok(())
}

pub(super) async fn if_version_refuses_after_remove(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let version = store.insert(&key, "first").await?;
    expect("remove of a record", &store.remove(&key).await?, &true)?;
    let condition = Condition::IfVersion(version);
    store.refuses("IfVersion after remove", &key, "risen", condition).await?;
    store.lacks("after the refused write", &key).await
}

pub(super) async fn if_version_refuses_an_unknown_version(cx: Context) -> Result {
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
        store.refuses("IfVersion with a version of another kind", &key, "lost", condition).await?;
        store.holds("after the refused write", &key, b"first").await?;
    }
    Ok(())
}

pub(super) async fn a_write_changes_the_version(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let mut seen = vec![store.insert(&key, "0").await?];
    for body in ["1", "2", "3", "4"] {
        let last = store.found("before a write", &key).await?.version;
        let next = store.update(&key, body, &last).await?;
        ensure(!seen.contains(&next), || {
            format!("the write of {body:?} has the version {next:?} of an earlier body: {seen:?}")
        })?;
        seen.push(next);
    }
    Ok(())
}

pub(super) async fn a_version_is_not_used_again(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let old = store.insert(&key, "before").await?;
    store.remove(&key).await?;
    let new = store.insert(&key, "after").await?;
    ensure(new != old, || {
        format!("two bodies at one key, with a removal in between, have one version: {old:?}")
    })?;
    let condition = Condition::IfVersion(old);
    store.refuses("IfVersion from before the removal", &key, "lost", condition).await?;
    store.holds("at the end", &key, b"after").await?;
    Ok(())
}

pub(super) async fn stored_means_written(cx: Context) -> Result {
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
            expect("what is stored after Stored", &record.body, what.as_bytes())?;
            expect("its version", &record.version, &version)?;
        }
    }
    Ok(())
}

pub(super) async fn refused_means_unchanged(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let first = store.insert(&key, "first").await?;
    let second = store.update(&key, "second", &first).await?;
    for condition in [Condition::IfVersion(first), Condition::IfAbsent] {
        let put = store.put(&key, "third".into(), HOUR, condition).await?;
        if put == PutOutcome::Refused {
            let record = store.found("after Refused", &key).await?;
            expect("what is stored after Refused", &record.body, &b"second"[..])?;
            expect("its version", &record.version, &second)?;
        }
    }
    Ok(())
}

pub(super) async fn remove_removes(cx: Context) -> Result {
    let (store, key, other) = (cx.store()?, fresh_key()?, fresh_key()?);
    store.insert(&key, "gone").await?;
    store.insert(&other, "stays").await?;
    store.remove(&key).await?;
    store.lacks("after remove", &key).await?;
    store.holds("another key after remove", &other, b"stays").await?;
    Ok(())
}

pub(super) async fn remove_says_whether_there_was_a_record(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    expect("remove of an unknown key", &store.remove(&key).await?, &false)?;
    store.insert(&key, "body").await?;
    expect("remove of a record", &store.remove(&key).await?, &true)?;
    expect("remove once more", &store.remove(&key).await?, &false)
}

pub(super) async fn a_removed_key_can_be_used_again(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    for body in [&b"first"[..], b"second", b"third"] {
        store.insert(&key, body).await?;
        store.holds("after an insert", &key, body).await?;
        store.remove(&key).await?;
    }
    Ok(())
}

pub(super) async fn a_load_sees_every_answered_write(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let mut version = store.insert(&key, "0").await?;
    for n in 1..50 {
        let body = n.to_string();
        version = store.update(&key, body.clone(), &version).await?;
        store.holds("right after a write", &key, body.as_bytes()).await?;
    }
    store.remove(&key).await?;
    store.lacks("right after remove", &key).await
}
