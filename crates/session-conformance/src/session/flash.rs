//! Flash values: for the next request that reads them, and never lost.

use session_core::{ErrorKind, Session};

use super::site::{Browser, Site, fails};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::expect;

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", a_flash_is_for_the_next_request, "A notice appears at once and again on the next page, or never.", []),
    check!(Session, "session", a_flash_is_read_once, "A notice comes up again on every page.", []),
    check!(Session, "session", an_unread_flash_waits, "A notice is lost because an image was loaded first.", []),
    check!(Session, "session", peek_and_has_consume_nothing, "Looking whether there is a notice makes it disappear.", []),
    check!(Session, "session", keep_flash_keeps_for_another_request, "A notice is lost in a redirect.", []),
    check!(Session, "session", a_newer_flash_takes_the_place, "A user reads an old notice in the place of the new one.", []),
    check!(Session, "session", a_flash_of_another_type_is_an_error_and_stays, "After a release that changed a type, a notice is lost.", []),
    check!(Session, "session", a_null_flash_takes_one_back, "A notice that was taken back is shown.", []),
    check!(Session, "session", a_flash_survives_a_new_id, "\"Welcome back\" is not shown after a login.", []),
    check!(Session, "session", a_flash_read_and_set_again_stays, "Of two notices under one name, both are lost.", []),
    check!(Session, "session", overlapping_readers_may_both_see_a_flash_and_later_ones_not, "A notice comes up again although it was read and answered.", [Revoke]),
    check!(Session, "session", a_flash_set_while_another_is_read_is_not_lost, "A notice is lost because another page was loading.", [Merge]),
];

/// A browser for which `f` waits.
async fn flashed(site: &Site, text: &str) -> Result<Browser> {
    let mut browser = Browser::default();
    site.request(&mut browser, |session| session.flash("f", text))
        .await?;
    Ok(browser)
}

fn read(session: &Session) -> session_core::Result<Option<String>> {
    session.get("f")
}

async fn shows(site: &Site, what: &str, browser: &mut Browser, text: Option<&str>) -> Result {
    let seen = site.request(browser, read).await?;
    expect(what, &seen.as_deref(), &text)
}

async fn a_flash_is_for_the_next_request(cx: Context) -> Result {
    let (site, mut browser) = (Site::new(&cx), Browser::default());
    let session = site.open(&browser).await?;
    session.flash("f", "hello")?;
    expect("get in the request that set it", &read(&session)?, &None)?;
    expect("has in the request that set it", &session.has("f"), &false)?;
    expect("len in the request that set it", &session.len(), &0)?;
    site.end(&session, &mut browser).await?;
    let session = site.open(&browser).await?;
    expect("has in the next request", &session.has("f"), &true)?;
    expect(
        "get in the next request",
        &read(&session)?.as_deref(),
        &Some("hello"),
    )
}

async fn a_flash_is_read_once(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    let session = site.open(&browser).await?;
    expect("the first get", &read(&session)?.as_deref(), &Some("hello"))?;
    expect("the second get of the request", &read(&session)?, &None)?;
    expect("has after the get", &session.has("f"), &false)?;
    site.end(&session, &mut browser).await?;
    shows(&site, "get in the request after that", &mut browser, None).await
}

async fn an_unread_flash_waits(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    for n in 0..3 {
        site.request(&mut browser, |session| session.set("n", &n))
            .await?;
        site.request(&mut browser, |session| session.get::<u32>("n"))
            .await?;
    }
    shows(
        &site,
        "get after six requests that did not read it",
        &mut browser,
        Some("hello"),
    )
    .await
}

async fn peek_and_has_consume_nothing(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    for _ in 0..2 {
        let session = site.open(&browser).await?;
        let seen = session.peek::<String>("f")?;
        expect("peek", &seen.as_deref(), &Some("hello"))?;
        expect("has", &session.has("f"), &true)?;
        site.end(&session, &mut browser).await?;
    }
    shows(&site, "get after that", &mut browser, Some("hello")).await
}

async fn keep_flash_keeps_for_another_request(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    site.request(&mut browser, |session| {
        read(session)?;
        session.keep_flash()
    })
    .await?;
    let seen = site
        .request(&mut browser, |session| {
            session.keep_flash()?;
            read(session)
        })
        .await?;
    expect(
        "get after a request that read and kept it",
        &seen.as_deref(),
        &Some("hello"),
    )?;
    shows(
        &site,
        "get after one that kept and read it",
        &mut browser,
        Some("hello"),
    )
    .await?;
    shows(&site, "get after one that read it", &mut browser, None).await
}

async fn a_newer_flash_takes_the_place(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "old").await?;
    site.request(&mut browser, |session| session.flash("f", "new"))
        .await?;
    shows(&site, "get after a second flash", &mut browser, Some("new")).await?;
    shows(&site, "get after that", &mut browser, None).await
}

async fn a_flash_of_another_type_is_an_error_and_stays(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    let session = site.open(&browser).await?;
    fails(
        "get of text as a number",
        session.get::<u32>("f"),
        ErrorKind::Decode,
    )?;
    site.end(&session, &mut browser).await?;
    shows(&site, "get as text after that", &mut browser, Some("hello")).await
}

async fn a_null_flash_takes_one_back(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    site.request(&mut browser, |session| session.flash("f", &None::<u32>))
        .await?;
    shows(&site, "get after a null flash", &mut browser, None).await
}

async fn a_flash_survives_a_new_id(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    site.request(&mut browser, |session| {
        session.flash("g", "welcome")?;
        session.regenerate_id()
    })
    .await?;
    let session = site.open(&browser).await?;
    let seen = session.get::<String>("g")?;
    expect(
        "a flash set with the new id",
        &seen.as_deref(),
        &Some("welcome"),
    )?;
    expect(
        "a flash that waited",
        &read(&session)?.as_deref(),
        &Some("hello"),
    )
}

async fn a_flash_read_and_set_again_stays(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "one").await?;
    let session = site.open(&browser).await?;
    session.flash("f", "two")?;
    expect(
        "get of the older one",
        &read(&session)?.as_deref(),
        &Some("one"),
    )?;
    site.end(&session, &mut browser).await?;
    let session = site.open(&browser).await?;
    expect(
        "get of the newer one",
        &read(&session)?.as_deref(),
        &Some("two"),
    )?;
    session.flash("f", "three")?;
    site.end(&session, &mut browser).await?;
    shows(
        &site,
        "get of one set after a read",
        &mut browser,
        Some("three"),
    )
    .await
}

async fn overlapping_readers_may_both_see_a_flash_and_later_ones_not(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    let (a, b) = (site.open(&browser).await?, site.open(&browser).await?);
    expect("the first reader", &read(&a)?.as_deref(), &Some("hello"))?;
    expect("the second reader", &read(&b)?.as_deref(), &Some("hello"))?;
    site.write(&a).await?;
    let c = site.open(&browser).await?;
    expect(
        "one that begins after the first was answered",
        &read(&c)?,
        &None,
    )?;
    site.write(&b).await?;
    shows(&site, "one that begins after both", &mut browser, None).await
}

async fn a_flash_set_while_another_is_read_is_not_lost(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "one").await?;
    let (a, b) = (site.open(&browser).await?, site.open(&browser).await?);
    read(&a)?;
    b.flash("f", "two")?;
    b.flash("g", "other")?;
    site.write(&b).await?;
    site.write(&a).await?;
    let seen = site.sees(&browser, "g").await?;
    expect("a flash of another name", &seen.as_deref(), &Some("other"))?;
    shows(&site, "a flash of the same name", &mut browser, Some("two")).await
}
