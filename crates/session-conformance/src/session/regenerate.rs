//! A new id for the same session.

use std::time::Duration;

use session_core::{ErrorKind, Outcome};

use super::site::{Browser, Site, fails, set_cookie};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::{ensure, expect};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", a_new_id_keeps_the_data, "A login empties the cart.", []),
    check!(Session, "session", the_id_is_the_one_that_is_saved, "A socket that was told its session's id opens nothing.", []),
    check!(Session, "session", an_id_prints_redacted, "Logs hold ids with which one can log in.", []),
    check!(Session, "session", an_old_id_opens_nothing, "Someone who planted an id before the login is logged in with the user.", [Revoke]),
    check!(Session, "session", a_login_after_another_save_of_the_request_moves, "A handler that saves twice leaves the old id alive.", [Revoke, Commit]),
    check!(Session, "session", a_kept_old_id_reads_for_a_while_and_no_longer, "A page that sends several requests at once at login shows errors; or the old id lives on.", [Revoke]),
    check!(Session, "session", a_kept_old_id_is_never_written, "A write under the old id is lost.", [Revoke]),
    check!(Session, "session", a_kept_old_id_shows_the_values_as_they_were, "Under an id that should have ended, someone watches what the user does.", [Revoke]),
    check!(Session, "session", a_kept_old_id_shows_no_flash, "A notice is shown twice.", [Revoke]),
];

async fn a_new_id_keeps_the_data(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    let old = session.id()?;
    session.regenerate_id()?;
    session.set("user", "u")?;
    session.regenerate_id()?;
    let new = session.id()?;
    ensure(new != old, || "regenerate_id kept the id".to_owned())?;
    let saved = site.answer(&session, &mut browser).await?;
    set_cookie("a login", &saved, Outcome::Stored)?;
    let session = site.open(&browser).await?;
    expect("a value from before", &session.get::<u32>("n")?, &Some(1))?;
    let user = session.get::<String>("user")?;
    expect("a value set with it", &user.as_deref(), &Some("u"))?;
    ensure(session.id()? == new, || {
        "the cookie carries another id than id() said".to_owned()
    })?;
    expect("is_new under the new id", &session.is_new(), &false)
}

async fn the_id_is_the_one_that_is_saved(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = Browser::default();
    type Step = fn(&session_core::Session) -> session_core::Result<()>;
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
        let told = session.id()?;
        site.end(&session, &mut browser).await?;
        let after = session.id()?;
        let opened = site.open(&browser).await?.id()?;
        ensure(told == after && told == opened, || {
            format!("{what}: id() before the save, after it and in the next request are not one")
        })?;
        if site.has_ids() {
            ensure(browser.cookie.as_deref() == Some(told.as_str()), || {
                format!("{what}: the cookie does not carry the id")
            })?;
        }
    }
    Ok(())
}

async fn an_id_prints_redacted(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.set("secret", "hunter2")?;
    let id = session.id()?;
    let saved = site.save(&session).await?;
    for text in [
        format!("{id:?}"),
        format!("{session:?}"),
        format!("{saved:?}"),
        format!("{:?}", session.data()),
    ] {
        ensure(
            !text.contains(id.as_str()) && !text.contains("hunter2"),
            || "Debug prints an id or a value".to_owned(),
        )?;
    }
    Ok(())
}

async fn an_old_id_opens_nothing(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let planted = browser.clone();
    site.request(&mut browser, |session| session.regenerate_id())
        .await?;
    site.finds_nothing("what the old id opens", &planted)
        .await?;
    site.pass(Duration::from_secs(61));
    site.finds_nothing("what the old id opens a minute later", &planted)
        .await?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("what the new id opens", &seen, &Some(1))
}

async fn a_login_after_another_save_of_the_request_moves(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let planted = browser.clone();
    let session = site.open(&browser).await?;
    session.set("a", "A")?;
    site.write(&session).await?;
    session.regenerate_id()?;
    site.write(&session).await?;
    session.set("b", "B")?;
    site.end(&session, &mut browser).await?;
    site.finds_nothing("what the old id opens", &planted)
        .await?;
    for (key, value) in [("a", "A"), ("b", "B")] {
        let seen = site.sees(&browser, key).await?;
        expect("a value under the new id", &seen.as_deref(), &Some(value))?;
    }
    Ok(())
}

const KEEP: Duration = Duration::from_secs(30);

/// A site, a browser that logged in, and one that still has the old id.
async fn logged_in(cx: &Context) -> Result<(Site, Browser, Browser)> {
    let site = Site::new(cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("f", "hello"))
        .await?;
    let old = browser.clone();
    site.request(&mut browser, |session| {
        session.set("user", "u")?;
        session.regenerate_id_keeping_old_for(KEEP)
    })
    .await?;
    Ok((site, browser, old))
}

async fn a_kept_old_id_reads_for_a_while_and_no_longer(cx: Context) -> Result {
    let (site, browser, old) = logged_in(&cx).await?;
    for _ in 0..2 {
        let session = site.open(&old).await?;
        expect(
            "a value under the kept old id",
            &session.get::<u32>("n")?,
            &Some(1),
        )?;
        site.write(&session).await?;
        site.pass(KEEP / 3);
    }
    site.pass(KEEP / 2);
    site.finds_nothing("what the old id opens when its time is over", &old)
        .await?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("what the new id opens", &seen, &Some(1))
}

async fn a_kept_old_id_is_never_written(cx: Context) -> Result {
    let (site, browser, old) = logged_in(&cx).await?;
    let session = site.open(&old).await?;
    session.set("n", &2)?;
    let saved = site.save(&session).await;
    fails("a write under the kept old id", saved, ErrorKind::Moved)?;
    for who in [&browser, &old] {
        let seen = site.open(who).await?.get::<u32>("n")?;
        expect("the value afterwards", &seen, &Some(1))?;
    }
    Ok(())
}

async fn a_kept_old_id_shows_the_values_as_they_were(cx: Context) -> Result {
    let (site, mut browser, old) = logged_in(&cx).await?;
    site.request(&mut browser, |session| session.set("later", "x"))
        .await?;
    let data = site.open(&old).await?.data();
    let keys: Vec<_> = data.values.keys().map(String::as_str).collect();
    expect("the keys under the kept old id", &keys, &vec!["n"])
}

async fn a_kept_old_id_shows_no_flash(cx: Context) -> Result {
    let (site, browser, old) = logged_in(&cx).await?;
    expect(
        "a flash under the kept old id",
        &site.sees(&old, "f").await?,
        &None,
    )?;
    let seen = site.sees(&browser, "f").await?;
    expect(
        "the flash under the new id",
        &seen.as_deref(),
        &Some("hello"),
    )
}
