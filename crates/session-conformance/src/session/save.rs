//! Saves that fail, and several saves in one request: `engine/save.rs` of session-core.

use session_core::{CookieChange, ErrorKind, Outcome, storage};

use super::site::{Browser, IDLE, Site, add_one, fails, gets, keeps_cookie};
use crate::check::Result;
use crate::context::Context;
use crate::failure::expect;
use crate::faulty::Fault;

pub(super) async fn a_failed_save_is_an_error_and_can_be_retried(cx: Context) -> Result {
    let (site, store) = Site::with_faults(&cx)?;
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.update("n", add_one)?;
    session.set("a", "A")?;
    store.set_down(true);
    let saved = site.save(&session).await;
    let what = "a save while the store is down";
    fails(what, saved, ErrorKind::Unavailable)?;
    store.set_down(false);
    site.shows("the value in between", &browser, "n", 1).await?;
    session.set("b", "B")?;
    let saved = site.save(&session).await?;
    let what = "the cookie of the second try";
    expect(what, &saved.cookie, &CookieChange::Keep)?;
    let session = site.open(&browser).await?;
    gets("the counter, counted once", &session, "n", 2)?;
    expect("all values", &session.len(), &3)
}

pub(super) async fn a_write_with_a_lost_reply_is_applied_once(cx: Context) -> Result {
    let (site, store) = Site::with_faults(&cx)?;
    let mut browser = site.visitor().await?;
    // The load of the open, then the write.
    store.plan(&[Fault::None, Fault::LosesItsReply]);
    site.request(&mut browser, |session| session.update("n", add_one)).await?;
    site.shows("after one lost reply", &browser, "n", 2).await?;
    // The reply is lost, the load that follows fails too, and another request writes before the
    // retry.
    let session = site.open(&browser).await?;
    session.update("n", add_one)?;
    store.plan(&[Fault::LosesItsReply, Fault::Fails]);
    let saved = site.save(&session).await;
    fails("a write with an unknown outcome", saved, ErrorKind::Timeout)?;
    site.request(&mut browser, |session| session.update("n", add_one)).await?;
    site.write(&session).await?;
    site.shows("2, counted up by two requests", &browser, "n", 4).await
}

pub(super) async fn a_session_that_is_too_large_is_an_error(cx: Context) -> Result {
    let (site, store) = Site::with_faults(&cx)?;
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.set("n", &2)?;
    store.plan(&[Fault::TooLarge]);
    let saved = site.save(&session).await;
    let what = "a record that the store refuses for its size";
    fails(what, saved, ErrorKind::TooLarge)?;
    site.shows("the session afterwards", &browser, "n", 1).await
}

pub(super) async fn a_failed_move_of_the_deadline_is_no_error(cx: Context) -> Result {
    let (site, store) = Site::with_faults(&cx)?;
    let browser = site.visitor().await?;
    for fault in [Fault::Fails, Fault::LosesItsReply, Fault::TooLarge] {
        site.pass(IDLE / 5);
        let session = site.open(&browser).await?;
        store.plan(&[fault]);
        let saved = site.save(&session).await?;
        keeps_cookie("a request that only read", &saved, Outcome::Unchanged)?;
    }
    let session = site.open(&browser).await?;
    let mut other = browser.clone();
    site.pass(IDLE / 5);
    site.request(&mut other, |session| session.set("n", &2)).await?;
    let saved = site.save(&session).await?;
    let what = "a move that is refused because of another write";
    keeps_cookie(what, &saved, Outcome::Unchanged)?;
    site.shows("what the other request wrote", &browser, "n", 2).await
}

pub(super) async fn a_save_before_the_response_is_visible_to_other_requests(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.set("n", &2)?;
    let saved = site.save(&session).await?;
    expect("its outcome", &saved.outcome, &Outcome::Stored)?;
    site.shows("what another request sees", &browser, "n", 2).await
}

pub(super) async fn the_last_save_still_sets_the_cookie_of_an_earlier_one(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = Browser::default();
    let session = site.open(&browser).await?;
    session.set("n", &1)?;
    site.write(&session).await?;
    let owed = storage::owed_cookie(&session);
    let saved = site.respond(&session, &mut browser).await?;
    let what = "the save with the response";
    expect(what, &saved.outcome, &Outcome::Unchanged)?;
    let what = "the cookie that is owed if the handler fails";
    expect(what, &owed, &saved.cookie)?;
    site.shows("what the cookie opens", &browser, "n", 1).await?;

    let session = site.open(&browser).await?;
    session.destroy()?;
    site.write(&session).await?;
    let owed = storage::owed_cookie(&session);
    let what = "the cookie that is owed after a saved logout";
    expect(what, &owed, &CookieChange::Remove)
}

pub(super) async fn a_request_can_save_several_times(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = Browser::default();
    let session = site.open(&browser).await?;
    for _ in 0..3 {
        session.update("n", add_one)?;
        site.write(&session).await?;
    }
    session.regenerate_id()?;
    site.write(&session).await?;
    session.update("n", add_one)?;
    let _ = site.respond(&session, &mut browser).await?;
    let what = "what was counted before and after";
    site.shows(what, &browser, "n", 4).await
}
