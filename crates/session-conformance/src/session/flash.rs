//! Flash values under both policies: `session.rs`, `change.rs` and `policy.rs` of session-core.

use session_core::{ErrorKind, FlashPolicy};

use super::site::{Browser, NOTHING, Site, fails, gets};
use crate::check::Result;
use crate::context::Context;
use crate::failure::expect;

/// A browser for which the flash value `f` waits.
async fn flashed(site: &Site, text: &str) -> Result<Browser> {
    let mut browser = Browser::default();
    site.request(&mut browser, |session| session.flash("f", text)).await?;
    Ok(browser)
}

/// Fails unless a whole request reads `text`.
async fn reads(site: &Site, what: &str, browser: &mut Browser, text: Option<&str>) -> Result {
    let seen = site.request(browser, |session| session.get::<String>("f")).await?;
    expect(what, &seen.as_deref(), &text)
}

pub(super) async fn a_flash_is_for_the_next_request(cx: Context) -> Result {
    let (site, mut browser) = (Site::new(&cx), Browser::default());
    let session = site.open(&browser).await?;
    session.flash("f", "hello")?;
    gets("get in the request that set it", &session, "f", NOTHING)?;
    expect("has in the request that set it", &session.has("f"), &false)?;
    expect("len in the request that set it", &session.len(), &0)?;
    let _ = site.respond(&session, &mut browser).await?;
    let session = site.open(&browser).await?;
    expect("has in the next request", &session.has("f"), &true)?;
    gets("get in the next request", &session, "f", "hello")
}

pub(super) async fn a_flash_is_read_once(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    let session = site.open(&browser).await?;
    gets("the first get", &session, "f", "hello")?;
    gets("the second get of the request", &session, "f", NOTHING)?;
    expect("has after the get", &session.has("f"), &false)?;
    let _ = site.respond(&session, &mut browser).await?;
    reads(&site, "get in the next request", &mut browser, None).await
}

pub(super) async fn an_unread_flash_waits(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    for n in 0..3 {
        site.request(&mut browser, |session| session.set("n", &n)).await?;
        site.request(&mut browser, |session| session.get::<u32>("n")).await?;
    }
    let what = "get after six requests that did not read it";
    reads(&site, what, &mut browser, Some("hello")).await
}

pub(super) async fn peek_and_has_do_not_consume_a_flash(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    for _ in 0..2 {
        let session = site.open(&browser).await?;
        let seen = session.peek::<String>("f")?;
        expect("peek", &seen.as_deref(), &Some("hello"))?;
        expect("has", &session.has("f"), &true)?;
        let _ = site.respond(&session, &mut browser).await?;
    }
    reads(&site, "get after that", &mut browser, Some("hello")).await
}

pub(super) async fn keep_flash_keeps_it_for_another_request(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    site.request(&mut browser, |session| {
        session.get::<String>("f")?;
        session.keep_flash()
    })
    .await?;
    let seen = site
        .request(&mut browser, |session| {
            session.keep_flash()?;
            session.get::<String>("f")
        })
        .await?;
    let what = "get after a request that read and kept it";
    expect(what, &seen.as_deref(), &Some("hello"))?;
    let what = "get after one that kept and read it";
    reads(&site, what, &mut browser, Some("hello")).await?;
    reads(&site, "get after one that read it", &mut browser, None).await
}

pub(super) async fn a_newer_flash_replaces_an_older_one(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "old").await?;
    site.request(&mut browser, |session| session.flash("f", "new")).await?;
    reads(&site, "get after a second flash", &mut browser, Some("new")).await?;
    reads(&site, "get after that", &mut browser, None).await
}

pub(super) async fn a_flash_of_another_type_is_an_error_and_is_not_lost(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    let session = site.open(&browser).await?;
    let get = session.get::<u32>("f");
    fails("get of text as a number", get, ErrorKind::Decode)?;
    let _ = site.respond(&session, &mut browser).await?;
    reads(&site, "get as text after that", &mut browser, Some("hello")).await
}

pub(super) async fn a_null_flash_removes_the_waiting_one(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    site.request(&mut browser, |session| session.flash("f", &None::<u32>)).await?;
    reads(&site, "get after a null flash", &mut browser, None).await
}

pub(super) async fn a_flash_survives_a_new_id(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    site.request(&mut browser, |session| {
        session.flash("g", "welcome")?;
        session.regenerate_id()
    })
    .await?;
    let session = site.open(&browser).await?;
    gets("a flash set with the new id", &session, "g", "welcome")?;
    gets("a flash that waited", &session, "f", "hello")
}

pub(super) async fn a_flash_read_and_set_again_is_kept(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "one").await?;
    let session = site.open(&browser).await?;
    session.flash("f", "two")?;
    gets("get of the older one", &session, "f", "one")?;
    let _ = site.respond(&session, &mut browser).await?;
    let session = site.open(&browser).await?;
    gets("get of the newer one", &session, "f", "two")?;
    session.flash("f", "three")?;
    let _ = site.respond(&session, &mut browser).await?;
    let what = "get of one that was set after a read";
    reads(&site, what, &mut browser, Some("three")).await
}

pub(super) async fn overlapping_requests_may_both_read_a_flash_and_later_ones_not(
    cx: Context,
) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "hello").await?;
    let (a, b) = site.two(&browser).await?;
    gets("the first reader", &a, "f", "hello")?;
    gets("the second reader", &b, "f", "hello")?;
    site.write(&a).await?;
    let c = site.open(&browser).await?;
    let what = "one that begins after the first was answered";
    gets(what, &c, "f", NOTHING)?;
    site.write(&b).await?;
    reads(&site, "one that begins after both", &mut browser, None).await
}

pub(super) async fn a_save_reports_a_flash_that_another_request_read_first(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = Browser::default();
    site.request(&mut browser, |session| session.flash("coupon", "x")).await?;
    let (a, b) = site.two(&browser).await?;
    let mut missed = Vec::new();
    for session in [&a, &b] {
        session.get::<String>("coupon")?;
        missed.push(site.save(session).await?.already_consumed);
    }
    let expected = vec![Vec::new(), vec!["coupon".to_owned()]];
    expect("already_consumed of two readers", &missed, &expected)
}

pub(super) async fn a_flash_set_while_another_is_read_is_not_lost(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = flashed(&site, "one").await?;
    let (a, b) = site.two(&browser).await?;
    a.get::<String>("f")?;
    b.flash("f", "two")?;
    b.flash("g", "other")?;
    site.write(&b).await?;
    site.write(&a).await?;
    site.shows("a flash of another name", &browser, "g", "other").await?;
    reads(&site, "a flash of the same name", &mut browser, Some("two")).await
}

/// A site with [`FlashPolicy::NextRequest`], and a browser for which `f` waits.
async fn next_request(cx: &Context) -> Result<(Site, Browser)> {
    let site = Site::new(cx).policy(|policy| policy.flash(FlashPolicy::NextRequest));
    let mut browser = Browser::default();
    site.request(&mut browser, |session| {
        session.flash("f", "hello")?;
        session.set("n", &1)
    })
    .await?;
    Ok((site, browser))
}

pub(super) async fn next_request_flash_is_gone_after_one_request(cx: Context) -> Result {
    let (site, mut browser) = next_request(&cx).await?;
    site.request(&mut browser, |session| session.get::<u32>("n")).await?;
    let what = "the second request, after one that did not read it";
    site.shows(what, &browser, "f", NOTHING).await
}

pub(super) async fn next_request_flash_can_be_read_repeatedly(cx: Context) -> Result {
    let (site, mut browser) = next_request(&cx).await?;
    let session = site.open(&browser).await?;
    for _ in 0..3 {
        gets("a get of the next request", &session, "f", "hello")?;
    }
    let _ = site.respond(&session, &mut browser).await?;
    site.shows("the request after that", &browser, "f", NOTHING).await
}

pub(super) async fn next_request_flash_can_be_kept(cx: Context) -> Result {
    let (site, mut browser) = next_request(&cx).await?;
    for _ in 0..2 {
        site.request(&mut browser, |session| session.keep_flash()).await?;
    }
    let what = "after two requests that kept it";
    reads(&site, what, &mut browser, Some("hello")).await?;
    site.shows("after one that did not", &browser, "f", NOTHING).await
}

pub(super) async fn next_request_flash_set_meanwhile_is_not_lost(cx: Context) -> Result {
    let (site, browser) = next_request(&cx).await?;
    let (a, b) = site.two(&browser).await?;
    b.flash("f", "new")?;
    site.write(&b).await?;
    site.write(&a).await?;
    let what = "a flash that came while another request was under way";
    site.shows(what, &browser, "f", "new").await
}
