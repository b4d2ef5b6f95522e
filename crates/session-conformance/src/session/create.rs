//! A new record under a fresh id: `engine/create.rs` of session-core.

use super::site::{ABSOLUTE, Browser, Site, sets_cookie};
use crate::check::Result;
use crate::context::Context;
use crate::failure::{ensure, expect};
use crate::faulty::Fault;

pub(super) async fn the_first_data_sets_a_cookie(cx: Context) -> Result {
    let site = Site::new(&cx);
    let session = site.open(&Browser::default()).await?;
    session.set("n", &1)?;
    let saved = site.save(&session).await?;
    let (browser, max_age) = sets_cookie("a new session with data", &saved)?;
    expect("its Max-Age", &max_age, &Some(ABSOLUTE))?;
    site.shows("what the cookie opens", &browser, "n", 1).await?;

    let session = site.open(&Browser::default()).await?;
    session.flash("f", "hello")?;
    let saved = site.save(&session).await?;
    let (browser, _) = sets_cookie("a new session with a flash", &saved)?;
    site.shows("what that cookie opens", &browser, "f", "hello").await
}

pub(super) async fn two_visitors_have_two_sessions(cx: Context) -> Result {
    let site = Site::new(&cx);
    let (mut a, mut b) = (Browser::default(), Browser::default());
    site.request(&mut a, |session| session.set("who", "a")).await?;
    site.request(&mut b, |session| session.set("who", "b")).await?;
    site.shows("the first visitor", &a, "who", "a").await?;
    site.shows("the second visitor", &b, "who", "b").await?;
    let ids = (site.open(&a).await?.id()?, site.open(&b).await?.id()?);
    ensure(ids.0 != ids.1, || "two visitors have one id".to_owned())
}

pub(super) async fn id_returns_the_id_that_is_saved(cx: Context) -> Result {
    type Step = fn(&session_core::Session) -> session_core::Result<()>;
    let site = Site::new(&cx);
    let mut browser = Browser::default();
    let steps: [(&str, Step); 4] = [
        ("a new session", |session| session.set("a", "A")),
        ("a stored session", |session| session.set("a", "B")),
        ("a regenerated session", |session| session.regenerate_id()),
        ("a restarted session", |session| {
            session.restart()?;
            session.set("a", "C")
        }),
    ];
    for (what, step) in steps {
        let session = site.open(&browser).await?;
        step(&session)?;
        let before = session.id()?;
        let _ = site.respond(&session, &mut browser).await?;
        let after = session.id()?;
        let opened = site.open(&browser).await?.id()?;
        ensure(before == after && before == opened, || {
            format!("{what}: id() differs before the save, after it, or in the next request")
        })?;
        if site.has_ids() {
            ensure(browser.cookie.as_deref() == Some(before.as_str()), || {
                format!("{what}: the cookie has another id")
            })?;
        }
    }
    Ok(())
}

pub(super) async fn an_id_whose_insert_failed_is_not_used_again(cx: Context) -> Result {
    let (site, store) = Site::with_faults(&cx)?;
    let session = site.open(&Browser::default()).await?;
    session.set("n", &1)?;
    let first = session.id()?;
    store.plan(&[Fault::Fails]);
    let saved = site.save(&session).await?;
    let (browser, _) = sets_cookie("a new session whose first insert failed", &saved)?;
    ensure(browser.cookie.as_deref() != Some(first.as_str()), || {
        "the id whose insert had an unknown outcome was used again".to_owned()
    })?;
    site.shows("what the cookie opens", &browser, "n", 1).await
}
