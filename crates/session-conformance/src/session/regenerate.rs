//! A new id for the same session: `engine/regenerate.rs` of session-core.

use std::time::Duration;

use session_core::ErrorKind;

use super::site::{Browser, NOTHING, Site, add_one, fails, gets, sets_cookie};
use super::write::vanished;
use crate::check::Result;
use crate::context::Context;
use crate::failure::{ensure, expect};

pub(super) async fn a_new_id_keeps_the_data(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    let old = session.id()?;
    session.regenerate_id()?;
    session.set("user", "u")?;
    session.regenerate_id()?;
    let new = session.id()?;
    ensure(new != old, || "regenerate_id kept the id".to_owned())?;
    let saved = site.respond(&session, &mut browser).await?;
    sets_cookie("a login", &saved)?;
    let session = site.open(&browser).await?;
    gets("a value from before", &session, "n", 1)?;
    gets("a value set with it", &session, "user", "u")?;
    ensure(session.id()? == new, || "the cookie has another id than id() returned".to_owned())?;
    expect("is_new under the new id", &session.is_new(), &false)
}

pub(super) async fn an_old_id_opens_nothing(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let old = site.regenerate(&mut browser).await?;
    site.holds_nothing("the old id", &old).await?;
    site.pass(Duration::from_secs(61));
    site.holds_nothing("the old id a minute later", &old).await?;
    site.shows("the new id", &browser, "n", 1).await
}

pub(super) async fn a_new_id_after_an_earlier_save_ends_the_old_one(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let old = browser.clone();
    let session = site.open(&browser).await?;
    session.set("a", "A")?;
    site.write(&session).await?;
    session.regenerate_id()?;
    site.write(&session).await?;
    session.set("b", "B")?;
    let _ = site.respond(&session, &mut browser).await?;
    site.holds_nothing("the old id", &old).await?;
    site.shows("a value under the new id", &browser, "a", "A").await?;
    site.shows("a later value", &browser, "b", "B").await
}

pub(super) async fn a_new_id_keeps_what_other_requests_wrote(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let (login, other) = site.two(&browser).await?;
    other.set("theme", "dark")?;
    other.update("n", add_one)?;
    site.write(&other).await?;
    login.update("n", add_one)?;
    login.regenerate_id()?;
    let _ = site.respond(&login, &mut browser).await?;
    let what = "what another request wrote before";
    site.shows(what, &browser, "theme", "dark").await?;
    let what = "a counter that both counted up";
    site.shows(what, &browser, "n", 3).await
}

pub(super) async fn concurrent_regenerates_make_two_sessions(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (a, b) = site.two(&browser).await?;
    for session in [&a, &b] {
        session.set("user", "u")?;
        session.regenerate_id()?;
    }
    let saved = [site.save(&a).await?, site.save(&b).await?];
    for saved in &saved {
        let (new, _) = sets_cookie("one of two logins", saved)?;
        site.shows("who is logged in", &new, "user", "u").await?;
    }
    site.holds_nothing("the old id", &browser).await
}

pub(super) async fn a_new_id_on_a_moved_session_starts_empty(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let old = site.regenerate(&mut browser).await?;
    let session = site.open(&old).await?;
    session.set("own", "x")?;
    session.regenerate_id()?;
    let saved = site.save(&session).await?;
    let (new, _) = sets_cookie("a login with the old cookie", &saved)?;
    site.holds("what its new id opens", &new, &["own"]).await
}

pub(super) async fn a_new_id_of_a_vanished_session_is_an_error(cx: Context) -> Result {
    let (site, _browser, [a, b]) = vanished(&cx).await?;
    a.set("user", "u")?;
    a.regenerate_id()?;
    fails("a login", site.save(&a).await, ErrorKind::Vanished)?;
    b.regenerate_id()?;
    fails("a new id alone", site.save(&b).await, ErrorKind::Vanished)
}

const KEEP: Duration = Duration::from_secs(30);

/// A browser that logged in, and one that still has the old id, which stays readable.
async fn kept_readable(cx: &Context) -> Result<(Site, Browser, Browser)> {
    let site = Site::new(cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("f", "hello")).await?;
    let old = browser.clone();
    site.request(&mut browser, |session| {
        session.set("user", "u")?;
        session.regenerate_id_keeping_old_for(KEEP)
    })
    .await?;
    Ok((site, browser, old))
}

pub(super) async fn an_old_id_kept_readable_expires(cx: Context) -> Result {
    let (site, browser, old) = kept_readable(&cx).await?;
    for _ in 0..2 {
        let session = site.open(&old).await?;
        gets("a value under the old id", &session, "n", 1)?;
        site.write(&session).await?;
        site.pass(KEEP / 3);
    }
    site.pass(KEEP / 2);
    site.holds_nothing("the old id when its time is over", &old).await?;
    site.shows("the new id", &browser, "n", 1).await
}

pub(super) async fn an_old_id_kept_readable_cannot_be_written(cx: Context) -> Result {
    let (site, browser, old) = kept_readable(&cx).await?;
    let session = site.open(&old).await?;
    session.set("n", &2)?;
    let saved = site.save(&session).await;
    fails("a write under the old id", saved, ErrorKind::Moved)?;
    site.shows("the old id afterwards", &old, "n", 1).await?;
    site.shows("the new id afterwards", &browser, "n", 1).await
}

pub(super) async fn an_old_id_kept_readable_shows_the_values_as_they_were(cx: Context) -> Result {
    let (site, mut browser, old) = kept_readable(&cx).await?;
    site.request(&mut browser, |session| session.set("later", "x")).await?;
    site.holds("the old id", &old, &["n"]).await
}

pub(super) async fn an_old_id_kept_readable_shows_no_flash(cx: Context) -> Result {
    let (site, browser, old) = kept_readable(&cx).await?;
    site.shows("the old id", &old, "f", NOTHING).await?;
    site.shows("the new id", &browser, "f", "hello").await
}
