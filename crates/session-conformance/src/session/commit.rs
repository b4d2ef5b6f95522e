//! Saving before the response, and after it.

use session_core::{CookieChange, ErrorKind, Outcome, SessionPolicy, storage};

use super::site::{Browser, Site, fails, set_cookie};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::expect;

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", commit_saves_now_or_is_refused, "A handler goes on as if the session had been saved, and it was not.", []),
    check!(Session, "session", a_committed_session_owes_its_cookie, "A visitor whose session was saved early never gets its cookie.", [Commit]),
    check!(Session, "session", a_committed_session_can_be_changed_and_saved_again, "What a handler does after an early save is lost.", [Commit]),
    check!(Session, "session", commit_tells_who_was_not_the_first_to_read_a_flash, "A coupon is taken twice by a double click.", [Commit]),
    check!(Session, "session", after_the_response_nothing_changes, "A change that comes after the response is lost without a word.", []),
    check!(Session, "session", a_session_that_nothing_stands_behind_refuses_commit, "A job believes that it saved a session, and nothing was.", []),
];

async fn commit_saves_now_or_is_refused(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.set("n", &2)?;
    if !site.has_ids() {
        return fails("commit", session.commit().await, ErrorKind::Config);
    }
    let committed = session.commit().await?;
    expect(
        "the outcome of commit",
        &committed.outcome,
        &Outcome::Stored,
    )?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("what another request sees", &seen, &Some(2))
}

async fn a_committed_session_owes_its_cookie(cx: Context) -> Result {
    let site = Site::new(&cx);
    let session = site.open(&Browser::default()).await?;
    session.set("n", &1)?;
    session.commit().await?;
    let owed = storage::owed_cookie(&session);
    let saved = site.save(&session).await?;
    let (value, _) = set_cookie("the save with the response", &saved, Outcome::Unchanged)?;
    expect("what is owed if the handler fails", &owed, &saved.cookie)?;
    let seen = site.open(&Browser::with(&value)).await?.get::<u32>("n")?;
    expect("what the cookie opens", &seen, &Some(1))?;

    let session = site.open(&Browser::with(&value)).await?;
    session.destroy()?;
    session.commit().await?;
    let owed = storage::owed_cookie(&session);
    expect(
        "what is owed after a committed logout",
        &owed,
        &CookieChange::Remove,
    )
}

async fn a_committed_session_can_be_changed_and_saved_again(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = Browser::default();
    let session = site.open(&browser).await?;
    let add = |n: Option<u32>| Some(n.unwrap_or(0) + 1);
    for _ in 0..3 {
        session.update("n", add)?;
        session.commit().await?;
    }
    session.regenerate_id()?;
    session.commit().await?;
    session.update("n", add)?;
    site.end(&session, &mut browser).await?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("what was counted before and after", &seen, &Some(4))
}

async fn commit_tells_who_was_not_the_first_to_read_a_flash(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = Browser::default();
    site.request(&mut browser, |session| session.flash("coupon", "x"))
        .await?;
    let clicks = [site.open(&browser).await?, site.open(&browser).await?];
    let mut missed = Vec::new();
    for session in &clicks {
        session.get::<String>("coupon")?;
        missed.push(session.commit().await?.already_consumed);
    }
    let expected = vec![Vec::new(), vec!["coupon".to_owned()]];
    expect("already_consumed of two readers", &missed, &expected)
}

async fn after_the_response_nothing_changes(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("f", "hello"))
        .await?;
    let session = site.open(&browser).await?;
    storage::finish(&session);
    site.end(&session, &mut browser).await?;
    expect(
        "get after the response",
        &session.get::<u32>("n")?,
        &Some(1),
    )?;
    fails(
        "set after the response",
        session.set("n", &2),
        ErrorKind::Finished,
    )?;
    fails("unset", session.unset("n"), ErrorKind::Finished)?;
    fails("flash", session.flash("n", &2), ErrorKind::Finished)?;
    fails("clear", session.clear(), ErrorKind::Finished)?;
    fails("keep_flash", session.keep_flash(), ErrorKind::Finished)?;
    fails("destroy", session.destroy(), ErrorKind::Finished)?;
    fails("restart", session.restart(), ErrorKind::Finished)?;
    fails(
        "regenerate_id",
        session.regenerate_id(),
        ErrorKind::Finished,
    )?;
    fails(
        "get of a flash",
        session.get::<String>("f"),
        ErrorKind::Finished,
    )?;
    let seen = site.sees(&browser, "f").await?;
    expect(
        "the flash, which still waits",
        &seen.as_deref(),
        &Some("hello"),
    )
}

async fn a_session_that_nothing_stands_behind_refuses_commit(_: Context) -> Result {
    let session = storage::empty(&SessionPolicy::default());
    session.set("n", &1)?;
    fails("commit", session.commit().await, ErrorKind::Config)
}
