//! Changes to a record that keeps its id: `engine/write.rs` and `change.rs` of session-core.

use session_core::{ErrorKind, Outcome, RecordStore, Session};
use tokio::task::JoinSet;

use super::site::{Browser, IDLE, NOTHING, Site, add_one, fails, gets, keeps_cookie, keys};
use crate::Failure;
use crate::check::Result;
use crate::context::Context;
use crate::failure::expect;

pub(super) async fn overlapping_writes_are_both_kept(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = site.two(&browser).await?;
    a.set("a", "A")?;
    b.set("b", "B")?;
    keeps_cookie("the first save", &site.save(&b).await?, Outcome::Stored)?;
    keeps_cookie("the second save", &site.save(&a).await?, Outcome::Merged)?;
    gets("what the second then sees of the first", &a, "b", "B")?;
    site.shows("the first write", &browser, "b", "B").await?;
    site.shows("the second write", &browser, "a", "A").await?;
    site.shows("what was there before", &browser, "n", 1).await
}

pub(super) async fn overlapping_updates_both_count(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = site.two(&browser).await?;
    for session in [&a, &b] {
        session.update("n", add_one)?;
        session.update("n", add_one)?;
    }
    site.write(&a).await?;
    site.write(&b).await?;
    gets("what the second then sees", &b, "n", 5)?;
    let what = "1, counted up twice by each of two";
    site.shows(what, &browser, "n", 5).await
}

pub(super) async fn the_last_save_of_one_key_wins(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = site.two(&browser).await?;
    a.set("x", "a")?;
    b.set("x", "b")?;
    site.write(&b).await?;
    site.write(&a).await?;
    let what = "the value of the one that was saved last";
    site.shows(what, &browser, "x", "a").await
}

pub(super) async fn an_unset_removes_only_its_key(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = site.two(&browser).await?;
    a.unset("n")?;
    b.set("b", "B")?;
    site.write(&b).await?;
    site.write(&a).await?;
    site.shows("what was unset", &browser, "n", NOTHING).await?;
    site.shows("what was set", &browser, "b", "B").await
}

pub(super) async fn clear_removes_what_others_set(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = site.two(&browser).await?;
    a.clear()?;
    b.set("b", "B")?;
    b.flash("f", "F")?;
    site.write(&b).await?;
    site.write(&a).await?;
    site.holds_nothing("after a clear that was saved last", &browser).await
}

pub(super) async fn changes_are_replayed_in_order(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = site.two(&browser).await?;
    a.set("lost", "x")?;
    a.clear()?;
    a.set("n", &10)?;
    a.update("n", add_one)?;
    a.set("gone", "x")?;
    a.unset("gone")?;
    b.update("n", add_one)?;
    b.set("b", "B")?;
    site.write(&b).await?;
    site.write(&a).await?;
    site.holds("the keys at the end", &browser, &["n"]).await?;
    site.shows("the value", &browser, "n", 11).await
}

pub(super) async fn an_update_that_fails_on_a_newer_value_is_an_error(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = site.two(&browser).await?;
    a.update("n", add_one)?;
    b.set("n", "not a number")?;
    site.write(&b).await?;
    let saved = site.save(&a).await;
    let what = "an update that does not apply to the newer value";
    fails(what, saved, ErrorKind::Decode)?;
    let what = "the value afterwards";
    site.shows(what, &browser, "n", "not a number").await
}

pub(super) async fn many_requests_at_once_all_count(cx: Context) -> Result {
    const REQUESTS: u32 = 12;
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let mut tasks = JoinSet::new();
    for n in 0..REQUESTS {
        let (site, mut browser) = (site.clone(), browser.clone());
        tasks.spawn(async move {
            site.request(&mut browser, |session| {
                session.update("n", add_one)?;
                session.set(format!("own{n}"), &n)
            })
            .await
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(Failure::task)??;
    }
    let session = site.open(&browser).await?;
    gets("the counter", &session, "n", 1 + REQUESTS)?;
    for n in 0..REQUESTS {
        gets("each one's own value", &session, &format!("own{n}"), n)?;
    }
    Ok(())
}

pub(super) async fn a_write_to_a_moved_session_is_an_error(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let (a, b) = site.two(&browser).await?;
    let c = site.open(&browser).await?;
    site.regenerate(&mut browser).await?;
    a.set("a", "A")?;
    fails("a set", site.save(&a).await, ErrorKind::Moved)?;
    b.flash("f", "hello")?;
    fails("a flash", site.save(&b).await, ErrorKind::Moved)?;
    c.update("n", add_one)?;
    fails("an update", site.save(&c).await, ErrorKind::Moved)?;
    let what = "the session under its new id";
    site.holds(what, &browser, &["n"]).await?;
    site.shows(what, &browser, "n", 1).await
}

pub(super) async fn a_write_with_an_old_id_is_an_error(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let old = site.regenerate(&mut browser).await?;
    let session = site.open(&old).await?;
    expect("what it finds", &session.is_empty(), &true)?;
    session.set("a", "A")?;
    let saved = site.save(&session).await;
    fails("a write with the old cookie", saved, ErrorKind::Moved)?;
    site.holds_nothing("the old id afterwards", &old).await
}

pub(super) async fn a_read_of_a_moved_session_is_no_error(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("f", "hello")).await?;
    let (reader, flash_reader) = site.two(&browser).await?;
    flash_reader.get::<String>("f")?;
    let old = site.regenerate(&mut browser).await?;
    let late = site.open(&old).await?;
    late.get::<String>("f")?;
    for (what, session) in [
        ("one that only read", reader),
        ("one that consumed a flash", flash_reader),
        ("one that began with the old cookie", late),
    ] {
        keeps_cookie(what, &site.save(&session).await?, Outcome::Unchanged)?;
    }
    Ok(())
}

/// A browser whose record the backend forgets, and two requests that opened the session before
/// that.
pub(super) async fn vanished(cx: &Context) -> Result<(Site, Browser, [Session; 2])> {
    let (site, store) = (Site::new(cx), cx.store()?);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("f", "hello")).await?;
    let (a, b) = site.two(&browser).await?;
    store.remove(&site.policy.record_key(&a.id()?)).await?;
    Ok((site, browser, [a, b]))
}

pub(super) async fn a_write_to_a_vanished_session_is_an_error(cx: Context) -> Result {
    let (site, browser, [a, b]) = vanished(&cx).await?;
    a.set("a", "A")?;
    fails("a write", site.save(&a).await, ErrorKind::Vanished)?;
    b.flash("f", "other")?;
    fails("a flash", site.save(&b).await, ErrorKind::Vanished)?;
    site.holds_nothing("what the cookie opens then", &browser).await
}

pub(super) async fn a_read_of_a_vanished_session_is_no_error(cx: Context) -> Result {
    let (site, _browser, [a, b]) = vanished(&cx).await?;
    a.get::<u32>("n")?;
    site.pass(IDLE / 2);
    let saved = site.save(&a).await?;
    keeps_cookie("one that only read", &saved, Outcome::Unchanged)?;
    b.get::<String>("f")?;
    let saved = site.save(&b).await?;
    keeps_cookie("one that consumed a flash", &saved, Outcome::Unchanged)?;
    expect("what the request still sees", &keys(&a), &["n", "f"])
}
