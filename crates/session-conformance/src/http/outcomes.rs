//! What the client is told, and what is saved.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use session_core::CookieContent;

use super::site::{Browser, NOTHING, Reply, Site, set_cookies};
use crate::check::Result;
use crate::context::Context;
use crate::failure::{ensure, expect};
use crate::faulty::Faulty;

/// A site on a store whose operations can be made to fail.
fn with_faults(cx: &Context) -> Result<(Site, Faulty)> {
    let store = Faulty::new(Arc::new(cx.store()?));
    Ok((Site::on(cx, Arc::new(store.clone()))?, store))
}

pub(super) async fn a_response_of_any_status_is_saved(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    for status in [StatusCode::SEE_OTHER, StatusCode::NOT_FOUND, StatusCode::INTERNAL_SERVER_ERROR]
    {
        let mut browser = Browser::default();
        let set = |session: &session_http::Session| Ok(session.set("a", "A")?);
        let response = site.visit_as(&mut browser, Reply::Status(status), set).await?;
        expect("the handler's status", &response.status(), &status)?;
        site.shows("the next page", &browser, "a", "A").await?;
    }
    Ok(())
}

pub(super) async fn a_failed_handler_is_not_saved(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (browser, _) = site.visitor().await?;
    let visit = site.start(&browser, Reply::Fails, |session| Ok(session.set("a", "B")?)).await;
    let answer = visit.answer().await?;
    ensure(answer.is_err(), || "the error of the inner service was not passed on".to_owned())?;
    site.shows("the next page", &browser, "a", "A").await
}

pub(super) async fn a_flash_is_shown_once(cx: Context) -> Result {
    let (site, mut browser) = (Site::new(&cx)?, Browser::default());
    site.visit(&mut browser, |session| Ok(session.flash("f", "hello")?)).await?;
    site.shows("the next page", &browser, "f", "hello").await?;
    site.visit(&mut browser, |session| Ok(session.get::<String>("f").map(drop)?)).await?;
    let what = "the page after one that showed it";
    site.shows(what, &browser, "f", NOTHING).await
}

pub(super) async fn a_logout_clears_the_cookie(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (mut browser, _) = site.visitor().await?;
    let response = site.visit(&mut browser, |session| Ok(session.destroy()?)).await?;
    expect("Set-Cookie", &set_cookies(&response).count(), &1)?;
    ensure(browser.cookies.is_empty(), || "the browser still has the cookie".to_owned())?;
    site.visit(&mut browser, |session| Ok(session.set("a", "again")?)).await?;
    site.shows("a session after that", &browser, "a", "again").await
}

pub(super) async fn a_copied_cookie_opens_nothing_after_the_logout(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (mut browser, _) = site.visitor().await?;
    let copy = browser.clone();
    site.visit(&mut browser, |session| Ok(session.destroy()?)).await?;
    site.shows("what the copy opens", &copy, "a", NOTHING).await
}

pub(super) async fn a_conflict_is_answered_with_409(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (mut browser, _) = site.visitor().await?;
    let slow = site.start(&browser, Reply::OK, |session| Ok(session.set("b", "B")?)).await;
    site.visit(&mut browser, |session| Ok(session.regenerate_id()?)).await?;
    let response = slow.response().await?;
    let what = "the status of a write to a session that moved";
    expect(what, &response.status(), &StatusCode::CONFLICT)?;
    expect("its Set-Cookie", &set_cookies(&response).count(), &0)
}

pub(super) async fn a_store_that_is_down_is_answered_with_503(cx: Context) -> Result {
    const DOWN: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
    let (site, store) = with_faults(&cx)?;
    let (mut browser, _) = site.visitor().await?;
    let before = browser.clone();
    store.set_down(true);
    let response = site.visit(&mut browser, |session| Ok(session.set("a", "B")?)).await?;
    let what = "a session that cannot be loaded";
    expect(what, &response.status(), &DOWN)?;
    store.set_down(false);
    let visit = site.start(&browser, Reply::OK, |session| Ok(session.set("a", "C")?)).await;
    store.set_down(true);
    let response = visit.response().await?;
    let what = "a session that cannot be saved";
    expect(what, &response.status(), &DOWN)?;
    browser.take(&response);
    expect("the browser's cookies", &browser.cookies, &before.cookies)?;
    store.set_down(false);
    site.shows("the session afterwards", &browser, "a", "A").await
}

pub(super) async fn a_client_that_hangs_up_does_not_undo_its_save(cx: Context) -> Result {
    const DELAY: Duration = Duration::from_millis(100);
    let (site, store) = with_faults(&cx)?;
    store.delay_puts(DELAY);
    let (browser, _) = site.visitor().await?;
    let visit = site.start(&browser, Reply::OK, |session| Ok(session.set("a", "B")?)).await;
    visit.hang_up(DELAY / 5).await;
    let started = Instant::now();
    while site.value(&browser, "a").await? != "B" {
        ensure(started.elapsed().as_secs() < 10, || {
            "10 s after the client hung up during the save, the change is not there".to_owned()
        })?;
        tokio::time::sleep(DELAY / 5).await;
    }
    Ok(())
}

pub(super) async fn commit_saves_before_the_response_or_is_refused(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (browser, _) = site.visitor().await?;
    let visit = site.start(&browser, Reply::Commit, |session| Ok(session.set("a", "B")?)).await;
    let seen = site.value(&browser, "a").await?;
    let status = visit.response().await?.status();
    match cx.storage().content() {
        CookieContent::Id => {
            expect("the status", &status, &StatusCode::OK)?;
            expect("what another request sees before the response", &seen, "B")
        }
        CookieContent::Data => {
            let what = "the status of a commit, since data can only leave with the response";
            expect(what, &status, &StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
