//! A store that fails: an error that the client sees, and nothing lost, doubled, or taken for empty.

use std::sync::Arc;

use session_core::{ErrorKind, Outcome};

use super::faulty::{Fault, Faulty};
use super::site::{Browser, IDLE, Site, fails, kept_cookie, set_cookie};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::{ensure, expect};
use crate::recorder::Recorder;

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", a_failed_load_is_an_error, "While the store is down for a second, users are logged out for good.", [Records]),
    check!(Session, "session", a_failed_save_is_an_error_and_can_be_tried_again, "A change that was not kept is answered as if it had been.", [Records]),
    check!(Session, "session", a_lost_reply_counts_once, "A click counts twice, because an answer of the store was lost.", [Records]),
    check!(Session, "session", an_id_whose_insert_failed_is_not_used, "A session that was destroyed rises again, when the first write to its key comes through late.", [Records]),
    check!(Session, "session", a_deadline_that_cannot_be_moved_is_no_error, "Pages that only read fail because the store takes no writes.", [Records]),
    check!(Session, "session", a_session_too_large_is_an_error, "A change that was not kept is answered as if it had been.", [Records]),
    check!(Session, "session", a_logout_that_failed_can_be_tried_again, "A logout is answered although the session lives on.", [Records]),
];

fn site(cx: &Context) -> Result<(Site, Faulty)> {
    let store = Faulty::new(cx.bare_store()?);
    let recorded = Recorder::new(Arc::new(store.clone()), cx.trace.clone());
    Ok((Site::on(cx, Arc::new(recorded)), store))
}

fn add(n: Option<u32>) -> Option<u32> {
    n.map(|n| n + 1)
}

async fn a_failed_load_is_an_error(cx: Context) -> Result {
    let (site, store) = site(&cx)?;
    let browser = site.visitor().await?;
    for fault in [Fault::Before, Fault::After] {
        store.plan(&[fault]);
        let opened = site.try_open(&browser).await;
        let kind = match fault {
            Fault::Before => ErrorKind::Unavailable,
            _ => ErrorKind::Timeout,
        };
        fails("a session that could not be loaded", opened, kind)?;
    }
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("the session afterwards", &seen, &Some(1))
}

async fn a_failed_save_is_an_error_and_can_be_tried_again(cx: Context) -> Result {
    let (site, store) = site(&cx)?;
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.update("n", add)?;
    session.set("a", "A")?;
    store.plan(&[Fault::Before; 8]);
    let saved = site.save(&session).await;
    fails(
        "a save while the store is down",
        saved,
        ErrorKind::Unavailable,
    )?;
    store.plan(&[]);
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("the value in between", &seen, &Some(1))?;
    session.set("b", "B")?;
    let saved = site.save(&session).await?;
    expect(
        "the cookie of the second try",
        &saved.cookie,
        &session_core::CookieChange::Keep,
    )?;
    let session = site.open(&browser).await?;
    expect("the counter, once", &session.get::<u32>("n")?, &Some(2))?;
    expect("all values", &session.len(), &3)
}

async fn a_lost_reply_counts_once(cx: Context) -> Result {
    let (site, store) = site(&cx)?;
    let mut browser = site.visitor().await?;
    // The write's reply is lost, and the look that follows it works.
    store.plan(&[Fault::None, Fault::After]);
    site.request(&mut browser, |session| session.update("n", add))
        .await?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("after one lost reply", &seen, &Some(2))?;
    // The write's reply and the look are lost: an error; another request writes; and then it is tried again.
    let session = site.open(&browser).await?;
    session.update("n", add)?;
    store.plan(&[Fault::After, Fault::Before]);
    let saved = site.save(&session).await;
    fails("a write with an unknown outcome", saved, ErrorKind::Timeout)?;
    store.plan(&[]);
    site.request(&mut browser, |session| session.update("n", add))
        .await?;
    site.write(&session).await?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("2, counted up by two requests", &seen, &Some(4))
}

async fn an_id_whose_insert_failed_is_not_used(cx: Context) -> Result {
    let (site, store) = site(&cx)?;
    let session = site.open(&Browser::default()).await?;
    session.set("n", &1)?;
    let told = session.id()?;
    store.plan(&[Fault::Before]);
    let saved = site.save(&session).await?;
    let (value, _) = set_cookie(
        "a new session whose first insert failed",
        &saved,
        Outcome::Stored,
    )?;
    ensure(value != told.as_str(), || {
        "the id whose insert had an unknown outcome was used again".to_owned()
    })?;
    let seen = site.open(&Browser::with(&value)).await?.get::<u32>("n")?;
    expect("what the cookie opens", &seen, &Some(1))
}

async fn a_deadline_that_cannot_be_moved_is_no_error(cx: Context) -> Result {
    let (site, store) = site(&cx)?;
    let browser = site.visitor().await?;
    for fault in [Fault::Before, Fault::After, Fault::TooLarge] {
        site.pass(IDLE / 5);
        let session = site.open(&browser).await?;
        store.plan(&[fault]);
        let saved = site.save(&session).await?;
        kept_cookie("a request that only read", &saved, Outcome::Unchanged)?;
    }
    let session = site.open(&browser).await?;
    let mut other = browser.clone();
    site.pass(IDLE / 5);
    site.request(&mut other, |session| session.set("n", &2))
        .await?;
    let saved = site.save(&session).await?;
    kept_cookie(
        "a move that another write refused",
        &saved,
        Outcome::Unchanged,
    )?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("what the other one wrote", &seen, &Some(2))
}

async fn a_session_too_large_is_an_error(cx: Context) -> Result {
    let (site, store) = site(&cx)?;
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.set("n", &2)?;
    store.plan(&[Fault::TooLarge]);
    fails(
        "a record that the store does not take",
        site.save(&session).await,
        ErrorKind::TooLarge,
    )?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("the session afterwards", &seen, &Some(1))
}

async fn a_logout_that_failed_can_be_tried_again(cx: Context) -> Result {
    let (site, store) = site(&cx)?;
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.destroy()?;
    store.plan(&[Fault::Before; 8]);
    fails(
        "a logout while the store is down",
        site.save(&session).await,
        ErrorKind::Unavailable,
    )?;
    // The look works, and the write's reply is lost.
    store.plan(&[Fault::None, Fault::After]);
    let saved = site.save(&session).await?;
    expect(
        "the second try, whose first reply is lost",
        &saved.outcome,
        &Outcome::Destroyed,
    )?;
    site.finds_nothing("what the cookie opens then", &browser)
        .await
}
