//! Two requests on one session, both of which write.

use session_core::{ErrorKind, Outcome, Session};
use tokio::task::JoinSet;

use super::site::{Browser, Site, fails, kept_cookie};
use crate::Failure;
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::expect;

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", overlapping_writes_both_stay, "Two tabs: one fills the cart, one sets the theme, and one of the two is lost.", [Merge]),
    check!(Session, "session", overlapping_updates_both_count, "Two clicks on \"Add\" add one.", [Merge]),
    check!(Session, "session", the_last_save_of_one_key_wins, "Of two choices at once, neither is kept.", [Merge]),
    check!(Session, "session", an_unset_removes_only_its_own, "Taking one thing away takes away what another tab put there.", [Merge]),
    check!(Session, "session", clear_clears_what_others_set, "A session that was cleared is not empty.", [Merge]),
    check!(Session, "session", the_changes_are_made_again_in_their_order, "A request that clears and then sets ends with an empty session when another one got in between.", [Merge]),
    check!(Session, "session", an_update_that_fails_on_the_newer_value_is_an_error, "A change that could not be made is answered as if it had been.", [Merge]),
    check!(Session, "session", many_requests_at_once_all_count, "Under load, clicks are lost.", [Merge]),
];

async fn both(site: &Site, browser: &Browser) -> Result<(Session, Session)> {
    Ok((site.open(browser).await?, site.open(browser).await?))
}

fn add(n: Option<u32>) -> Option<u32> {
    n.map(|n| n + 1)
}

async fn overlapping_writes_both_stay(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = both(&site, &browser).await?;
    a.set("a", "A")?;
    b.set("b", "B")?;
    kept_cookie("the first save", &site.save(&b).await?, Outcome::Stored)?;
    kept_cookie("the second save", &site.save(&a).await?, Outcome::Merged)?;
    let seen = a.get::<String>("b")?;
    expect(
        "what the second then sees of the first",
        &seen.as_deref(),
        &Some("B"),
    )?;
    for (key, value) in [("a", "A"), ("b", "B")] {
        let seen = site.sees(&browser, key).await?;
        expect("what is there at the end", &seen.as_deref(), &Some(value))?;
    }
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("what was there before", &seen, &Some(1))
}

async fn overlapping_updates_both_count(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = both(&site, &browser).await?;
    for session in [&a, &b] {
        session.update("n", add)?;
        session.update("n", add)?;
    }
    site.write(&a).await?;
    site.write(&b).await?;
    expect("what the second then sees", &b.get::<u32>("n")?, &Some(5))?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("1, counted up twice by each of two", &seen, &Some(5))
}

async fn the_last_save_of_one_key_wins(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = both(&site, &browser).await?;
    a.set("x", "a")?;
    b.set("x", "b")?;
    site.write(&b).await?;
    site.write(&a).await?;
    let seen = site.sees(&browser, "x").await?;
    expect(
        "the value of the one that was saved last",
        &seen.as_deref(),
        &Some("a"),
    )
}

async fn an_unset_removes_only_its_own(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = both(&site, &browser).await?;
    a.unset("n")?;
    b.set("b", "B")?;
    site.write(&b).await?;
    site.write(&a).await?;
    let session = site.open(&browser).await?;
    expect("what was unset", &session.has("n"), &false)?;
    expect("what was set", &session.has("b"), &true)
}

async fn clear_clears_what_others_set(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = both(&site, &browser).await?;
    a.clear()?;
    b.set("b", "B")?;
    b.flash("f", "F")?;
    site.write(&b).await?;
    site.write(&a).await?;
    site.finds_nothing("after a clear that was saved last", &browser)
        .await
}

async fn the_changes_are_made_again_in_their_order(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = both(&site, &browser).await?;
    a.set("lost", "x")?;
    a.clear()?;
    a.set("n", &10)?;
    a.update("n", add)?;
    a.set("gone", "x")?;
    a.unset("gone")?;
    b.update("n", add)?;
    b.set("b", "B")?;
    site.write(&b).await?;
    site.write(&a).await?;
    let session = site.open(&browser).await?;
    let keys: Vec<_> = session.data().values.into_keys().collect();
    expect("the keys at the end", &keys, &vec!["n".to_owned()])?;
    expect("the value", &session.get::<u32>("n")?, &Some(11))
}

async fn an_update_that_fails_on_the_newer_value_is_an_error(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = both(&site, &browser).await?;
    a.update("n", add)?;
    b.set("n", "not a number")?;
    site.write(&b).await?;
    let saved = site.save(&a).await;
    fails(
        "an update that does not apply to the newer value",
        saved,
        ErrorKind::Decode,
    )?;
    let seen = site.sees(&browser, "n").await?;
    expect(
        "the value afterwards",
        &seen.as_deref(),
        &Some("not a number"),
    )
}

async fn many_requests_at_once_all_count(cx: Context) -> Result {
    const REQUESTS: u32 = 12;
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let mut tasks = JoinSet::new();
    for n in 0..REQUESTS {
        let (site, mut browser) = (site.clone(), browser.clone());
        tasks.spawn(async move {
            site.request(&mut browser, |session| {
                session.update("n", add)?;
                session.set(format!("own{n}"), &n)
            })
            .await
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| Failure::new(format!("a task ended early: {error}")))??;
    }
    let session = site.open(&browser).await?;
    expect(
        "the counter",
        &session.get::<u32>("n")?,
        &Some(1 + REQUESTS),
    )?;
    for n in 0..REQUESTS {
        let key = format!("own{n}");
        expect("each one's own value", &session.get::<u32>(&key)?, &Some(n))?;
    }
    Ok(())
}
