//! What a save has to do: `engine/plan.rs` of session-core.

use session_core::Outcome;

use super::open::unknown_cookies;
use super::site::{Browser, IDLE, Site, keeps_cookie};
use crate::check::Result;
use crate::context::Context;
use crate::failure::{ensure, expect};

pub(super) async fn an_empty_new_session_is_not_stored(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browsers = vec![Browser::default()];
    browsers.extend(unknown_cookies()?.iter().map(|text| Browser::with(text)));
    for browser in browsers {
        let session = site.open(&browser).await?;
        expect("is_empty of a new session", &session.is_empty(), &true)?;
        session.get::<u32>("n")?;
        session.unset("n")?;
        session.clear()?;
        session.keep_flash()?;
        let saved = site.save(&session).await?;
        let what = "a new session with nothing in it";
        keeps_cookie(what, &saved, Outcome::Unchanged)?;
        session.regenerate_id()?;
        let saved = site.save(&session).await?;
        let what = "the same after regenerate_id";
        keeps_cookie(what, &saved, Outcome::Unchanged)?;
    }
    Ok(())
}

pub(super) async fn a_request_that_only_reads_writes_nothing(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.get::<u32>("n")?;
    session.peek::<u32>("n")?;
    session.has("n");
    let saved = site.save(&session).await?;
    keeps_cookie("its save", &saved, Outcome::Unchanged)
}

pub(super) async fn changes_without_effect_write_nothing(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.set("n", &1)?;
    session.unset("not there")?;
    let saved = site.save(&session).await?;
    let what = "a value set to what it is, and one removed that is not there";
    keeps_cookie(what, &saved, Outcome::Unchanged)
}

pub(super) async fn an_existing_session_sets_no_cookie(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.set("n", &2)?;
    session.flash("f", "hello")?;
    let saved = site.save(&session).await?;
    keeps_cookie("a write", &saved, Outcome::Stored)?;
    site.pass(IDLE / 2);
    let session = site.open(&browser).await?;
    let saved = site.save(&session).await?;
    keeps_cookie("an idle deadline that moves", &saved, Outcome::Unchanged)
}

pub(super) async fn an_emptied_session_keeps_its_id(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let before = site.open(&browser).await?.id()?;
    site.request(&mut browser, |session| session.unset("n")).await?;
    let session = site.open(&browser).await?;
    expect("is_new of an emptied session", &session.is_new(), &false)?;
    expect("is_empty", &session.is_empty(), &true)?;
    ensure(session.id()? == before, || "an emptied session has another id".to_owned())?;
    session.set("n", &2)?;
    let _ = site.respond(&session, &mut browser).await?;
    site.shows("a value that was set then", &browser, "n", 2).await
}
