//! The end of a session, with nothing else going on.

use std::time::Duration;

use session_core::{CookieChange, ErrorKind, Outcome, Session};

use super::site::{Browser, Site, fails, set_cookie};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::{ensure, expect};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", destroy_ends_the_session, "A page after the logout still shows who was logged in.", []),
    check!(Session, "session", destroy_without_a_session_clears_the_cookie, "A user who logs out twice gets an error.", []),
    check!(Session, "session", a_destroyed_session_stays_dead, "Whoever kept a cookie is still logged in after the logout.", [Revoke]),
    check!(Session, "session", a_visit_after_the_logout_begins_anew, "Nobody can log in again after a logout.", []),
    check!(Session, "session", restart_goes_on_under_a_fresh_id, "\"Goodbye\" is not shown, or the old data shines through.", []),
    check!(Session, "session", a_restarted_session_is_dead_under_its_old_id, "Whoever kept a cookie is still logged in after a logout that says goodbye.", [Revoke]),
];

async fn logout(site: &Site, browser: &mut Browser) -> Result<Session> {
    let session = site.open(browser).await?;
    session.destroy()?;
    let saved = site.answer(&session, browser).await?;
    expect(
        "the outcome of a logout",
        &saved.outcome,
        &Outcome::Destroyed,
    )?;
    expect(
        "the cookie of a logout",
        &saved.cookie,
        &CookieChange::Remove,
    )?;
    Ok(session)
}

async fn destroy_ends_the_session(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("f", "hello"))
        .await?;
    let session = site.open(&browser).await?;
    session.set("a", "A")?;
    for _ in 0..2 {
        session.destroy()?;
        expect("get after destroy", &session.get::<u32>("n")?, &None)?;
        expect(
            "has after destroy",
            &(session.has("n") || session.has("f")),
            &false,
        )?;
        expect("len after destroy", &session.len(), &0)?;
        fails(
            "set after destroy",
            session.set("b", "B"),
            ErrorKind::Destroyed,
        )?;
        fails(
            "flash after destroy",
            session.flash("b", "B"),
            ErrorKind::Destroyed,
        )?;
        fails(
            "unset after destroy",
            session.unset("b"),
            ErrorKind::Destroyed,
        )?;
        let update = session.update("b", |_: Option<u32>| Some(1));
        fails("update after destroy", update, ErrorKind::Destroyed)?;
        fails("clear after destroy", session.clear(), ErrorKind::Destroyed)?;
        fails(
            "keep_flash after destroy",
            session.keep_flash(),
            ErrorKind::Destroyed,
        )?;
        fails(
            "regenerate_id after destroy",
            session.regenerate_id(),
            ErrorKind::Destroyed,
        )?;
        fails(
            "restart after destroy",
            session.restart(),
            ErrorKind::Destroyed,
        )?;
        let saved = site.save(&session).await?;
        expect("the outcome", &saved.outcome, &Outcome::Destroyed)?;
        expect("the cookie", &saved.cookie, &CookieChange::Remove)?;
    }
    Ok(())
}

async fn destroy_without_a_session_clears_the_cookie(cx: Context) -> Result {
    let site = Site::new(&cx);
    for mut browser in [Browser::default(), Browser::with("no such session")] {
        logout(&site, &mut browser).await?;
    }
    let session = site.open(&Browser::default()).await?;
    session.set("a", "A")?;
    session.destroy()?;
    let saved = site.save(&session).await?;
    expect(
        "the cookie of a session that was new",
        &saved.cookie,
        &CookieChange::Remove,
    )
}

async fn a_destroyed_session_stays_dead(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let copy = browser.clone();
    logout(&site, &mut browser).await?;
    for _ in 0..3 {
        site.finds_nothing("what a copied cookie opens after the logout", &copy)
            .await?;
        let session = site.open(&copy).await?;
        expect("is_new of it", &session.is_new(), &true)?;
        site.pass(Duration::from_secs(31));
    }
    let mut again = copy.clone();
    logout(&site, &mut again).await?;
    site.finds_nothing("after a second logout", &copy).await
}

async fn a_visit_after_the_logout_begins_anew(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let id = site.open(&browser).await?.id()?;
    logout(&site, &mut browser).await?;
    let session = site.open(&browser).await?;
    expect("is_empty after the logout", &session.is_empty(), &true)?;
    session.set("user", "u")?;
    let saved = site.answer(&session, &mut browser).await?;
    set_cookie("a login after the logout", &saved, Outcome::Stored)?;
    ensure(session.id()? != id, || {
        "the destroyed session's id is used again".to_owned()
    })?;
    let seen = site.sees(&browser, "user").await?;
    expect("who is logged in", &seen.as_deref(), &Some("u"))
}

async fn restart_goes_on_under_a_fresh_id(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("old", "x"))
        .await?;
    let session = site.open(&browser).await?;
    let id = session.id()?;
    session.set("before", "x")?;
    session.restart()?;
    expect("len after restart", &session.len(), &0)?;
    session.flash("f", "Goodbye")?;
    let saved = site.answer(&session, &mut browser).await?;
    set_cookie("a restart", &saved, Outcome::Stored)?;
    let session = site.open(&browser).await?;
    ensure(session.id()? != id, || "restart kept the id".to_owned())?;
    let data = session.data();
    let keys: Vec<_> = data.values.keys().chain(data.flash.keys()).collect();
    expect("what there is after a restart", &keys, &vec!["f"])
}

async fn a_restarted_session_is_dead_under_its_old_id(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let copy = browser.clone();
    let slow = site.open(&copy).await?;
    site.request(&mut browser, |session| {
        session.restart()?;
        session.flash("f", "Goodbye")
    })
    .await?;
    slow.set("n", &2)?;
    let saved = site.save(&slow).await?;
    expect("a slow write after it", &saved.outcome, &Outcome::Destroyed)?;
    site.finds_nothing("what a copied cookie opens", &copy)
        .await
}
