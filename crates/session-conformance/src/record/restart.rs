//! Records survive a restart, and all servers see the same ones.

use session_core::{Condition, RecordStore};

use crate::check::Result;
use crate::context::{Context, fresh_key};
use crate::failure::{ensure, expect};

pub(super) async fn records_survive_a_restart(cx: Context) -> Result {
    let (store, key, removed) = (cx.store()?, fresh_key()?, fresh_key()?);
    let version = store.insert(&key, "first").await?;
    store.update(&key, "before\0\u{e9}", &version).await?;
    store.insert(&removed, "gone").await?;
    store.remove(&removed).await?;
    drop(store);
    let (store, _kept) = cx.restart().await?;
    let what = "after a restart";
    store.holds(what, &key, "before\0\u{e9}".as_bytes()).await?;
    store.lacks("a removed record after a restart", &removed).await?;
    store.refuses("IfAbsent after a restart", &key, "lost", Condition::IfAbsent).await
}

pub(super) async fn versions_are_not_reused_after_a_restart(cx: Context) -> Result {
    let (store, key, gone) = (cx.store()?, fresh_key()?, fresh_key()?);
    let first = store.insert(&key, "first").await?;
    let second = store.update(&key, "second", &first).await?;
    let before = store.insert(&gone, "before").await?;
    store.remove(&gone).await?;
    drop(store);
    let (store, _kept) = cx.restart().await?;
    let what = "IfVersion with a stale version from before the restart";
    store.refuses(what, &key, "lost", Condition::IfVersion(first.clone())).await?;
    let loaded = store.holds("after a restart", &key, b"second").await?;
    let third = store.update(&key, "third", &loaded).await?;
    ensure(third != first && third != second, || {
        format!("a version from before the restart names another body after it: {third:?}")
    })?;
    let after = store.insert(&gone, "after").await?;
    ensure(after != before, || {
        format!("two bodies of one key, before and after a restart, have one version: {after:?}")
    })
}

pub(super) async fn two_servers_share_their_records(cx: Context) -> Result {
    let (here, key) = (cx.store()?, fresh_key()?);
    let there = cx.reopen().await?;
    let first = here.insert(&key, "here").await?;
    let seen = there.holds("on the other server", &key, b"here").await?;
    there.refuses("IfAbsent on the other server", &key, "lost", Condition::IfAbsent).await?;
    there.update(&key, "there", &seen).await?;
    let stale = Condition::IfVersion(first);
    let what = "IfVersion with what this server last wrote, after the other one wrote";
    here.refuses(what, &key, "lost", stale).await?;
    let seen = here.holds("back on this server", &key, b"there").await?;
    here.update(&key, "here again", &seen).await?;
    there.holds("on the other server", &key, b"here again").await?;
    expect("remove on the other server", &there.remove(&key).await?, &true)?;
    here.lacks("removed by the other server", &key).await
}
