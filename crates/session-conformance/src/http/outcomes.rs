//! What the client is told.

use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;

use super::site::{Browser, Reply, Site, set_cookies};
use super::slow::Slow;
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::{ensure, expect};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Http, "http", a_response_of_any_status_is_saved, "A notice that is set on an error page is never shown.", []),
    check!(Http, "http", a_handler_that_failed_is_not_saved, "Half of what a failed handler did is kept.", []),
    check!(Http, "http", a_flash_is_shown_once, "A notice comes up again, or never.", []),
    check!(Http, "http", a_logout_clears_the_cookie, "The browser goes on sending the cookie of a session that ended.", []),
    check!(Http, "http", a_copied_cookie_is_dead_after_the_logout, "Whoever kept a cookie is still logged in after the logout.", [Revoke]),
    check!(Http, "http", a_conflict_is_told, "A change that was not kept is answered with 200.", [Revoke]),
    check!(Http, "http", a_store_that_is_down_is_told, "While the store is down, users seem to be logged out, or their changes are lost with a 200.", [Records]),
    check!(Http, "http", a_client_that_hangs_up_does_not_undo_the_save, "Someone closes the tab, and what the handler did is lost half-way.", [Records]),
];

async fn visitor(site: &Site) -> Result<Browser> {
    let mut browser = Browser::default();
    site.visit(&mut browser, |session| Ok(session.set("a", "A")?))
        .await?;
    Ok(browser)
}

async fn a_response_of_any_status_is_saved(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    for status in [
        StatusCode::SEE_OTHER,
        StatusCode::NOT_FOUND,
        StatusCode::INTERNAL_SERVER_ERROR,
    ] {
        let mut browser = Browser::default();
        let set = |session: &session_http::Session| Ok(session.set("a", "A")?);
        let response = site
            .visit_as(&mut browser, Reply::Status(status), set)
            .await?;
        expect("the handler's status", &response.status(), &status)?;
        let seen = site.sees(&browser, "a").await?;
        expect("the next page", &seen.as_deref(), &Some("A"))?;
    }
    Ok(())
}

async fn a_handler_that_failed_is_not_saved(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let browser = visitor(&site).await?;
    let visit = site
        .begin(&browser, Reply::Fails, |session| Ok(session.set("a", "B")?))
        .await;
    let answer = visit.end().await?;
    ensure(answer.is_err(), || {
        "the error of the inner service did not come through".to_owned()
    })?;
    let seen = site.sees(&browser, "a").await?;
    expect("the next page", &seen.as_deref(), &Some("A"))
}

async fn a_flash_is_shown_once(cx: Context) -> Result {
    let (site, mut browser) = (Site::new(&cx)?, Browser::default());
    site.visit(&mut browser, |session| Ok(session.flash("f", "hello")?))
        .await?;
    let seen = site.sees(&browser, "f").await?;
    expect("the next page", &seen.as_deref(), &Some("hello"))?;
    site.visit(&mut browser, |session| {
        Ok(session.get::<String>("f").map(drop)?)
    })
    .await?;
    let seen = site.sees(&browser, "f").await?;
    expect("the page after one that showed it", &seen, &None)
}

async fn a_logout_clears_the_cookie(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let mut browser = visitor(&site).await?;
    let response = site
        .visit(&mut browser, |session| Ok(session.destroy()?))
        .await?;
    expect("Set-Cookie", &set_cookies(&response).count(), &1)?;
    expect(
        "what the browser keeps",
        &browser.cookies,
        &Vec::<(String, String)>::new(),
    )?;
    site.visit(&mut browser, |session| Ok(session.set("a", "again")?))
        .await?;
    let seen = site.sees(&browser, "a").await?;
    expect("a session after that", &seen.as_deref(), &Some("again"))
}

async fn a_copied_cookie_is_dead_after_the_logout(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let mut browser = visitor(&site).await?;
    let copy = browser.clone();
    site.visit(&mut browser, |session| Ok(session.destroy()?))
        .await?;
    expect("what the copy opens", &site.sees(&copy, "a").await?, &None)
}

async fn a_conflict_is_told(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let mut browser = visitor(&site).await?;
    let slow = site
        .begin(&browser, Reply::Status(StatusCode::OK), |session| {
            Ok(session.set("b", "B")?)
        })
        .await;
    site.visit(&mut browser, |session| Ok(session.regenerate_id()?))
        .await?;
    let response = slow.end().await?.map_err(crate::Failure::new)?;
    expect(
        "the status of a write to a session that moved",
        &response.status(),
        &StatusCode::CONFLICT,
    )?;
    expect("its Set-Cookie", &set_cookies(&response).count(), &0)
}

async fn a_store_that_is_down_is_told(cx: Context) -> Result {
    let store = Slow::new(cx.store()?);
    let site = Site::on(&cx, Arc::new(store.clone()))?;
    let mut browser = visitor(&site).await?;
    let before = browser.clone();
    store.down(true);
    let response = site
        .visit(&mut browser, |session| Ok(session.set("a", "B")?))
        .await?;
    expect(
        "a session that cannot be loaded",
        &response.status(),
        &StatusCode::SERVICE_UNAVAILABLE,
    )?;
    store.down(false);
    let visit = site
        .begin(&browser, Reply::Status(StatusCode::OK), |session| {
            Ok(session.set("a", "C")?)
        })
        .await;
    store.down(true);
    let response = visit.end().await?.map_err(crate::Failure::new)?;
    expect(
        "a session that cannot be saved",
        &response.status(),
        &StatusCode::SERVICE_UNAVAILABLE,
    )?;
    browser.take(&response);
    expect("the browser's cookies", &browser.cookies, &before.cookies)?;
    store.down(false);
    let seen = site.sees(&browser, "a").await?;
    expect("the session afterwards", &seen.as_deref(), &Some("A"))
}

async fn a_client_that_hangs_up_does_not_undo_the_save(cx: Context) -> Result {
    let site = Site::on(&cx, Arc::new(Slow::new(cx.store()?)))?;
    let browser = visitor(&site).await?;
    let visit = site
        .begin(&browser, Reply::Status(StatusCode::OK), |session| {
            Ok(session.set("a", "B")?)
        })
        .await;
    visit.hang_up(Slow::WRITE / 5).await;
    let started = Instant::now();
    loop {
        let seen = site.sees(&browser, "a").await?;
        if seen.as_deref() == Some("B") {
            return Ok(());
        }
        ensure(started.elapsed().as_secs() < 10, || {
            "10 s after the client hung up in the middle of the save, the change is not there"
                .to_owned()
        })?;
        tokio::time::sleep(Slow::WRITE / 5).await;
    }
}
