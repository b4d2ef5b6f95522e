//! Requests on a session that another request gave a new id.

use session_core::{ErrorKind, Outcome};

use super::site::{Browser, Site, fails, kept_cookie, set_cookie};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::expect;

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", a_write_to_a_moved_session_is_an_error, "What a slow request wrote during a login is lost without a word.", [Revoke]),
    check!(Session, "session", a_write_that_begins_on_a_moved_session_is_an_error, "What a request with the old cookie writes is lost without a word.", [Revoke]),
    check!(Session, "session", a_read_of_a_moved_session_stands, "A page that was loading during a login shows an error.", [Revoke]),
    check!(Session, "session", a_new_id_on_a_moved_session_starts_empty, "Whoever holds an id from before the login gets into the session by asking for a new one.", [Revoke]),
    check!(Session, "session", a_login_carries_what_others_wrote, "What a request wrote at the moment of the login is lost.", [Merge]),
    check!(Session, "session", a_double_clicked_login_logs_in_twice, "A double click on \"Log in\" ends with an error, or logged out.", [Revoke]),
];

/// A site, a browser whose session has moved, and the old cookie.
async fn moved(cx: &Context) -> Result<(Site, Browser, Browser)> {
    let site = Site::new(cx);
    let mut browser = site.visitor().await?;
    let old = browser.clone();
    site.request(&mut browser, |session| session.regenerate_id())
        .await?;
    Ok((site, browser, old))
}

async fn a_write_to_a_moved_session_is_an_error(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let slow = [
        site.open(&browser).await?,
        site.open(&browser).await?,
        site.open(&browser).await?,
    ];
    site.request(&mut browser, |session| session.regenerate_id())
        .await?;
    let [a, b, c] = &slow;
    a.set("a", "A")?;
    fails("a set", site.save(a).await, ErrorKind::Moved)?;
    b.flash("f", "hello")?;
    fails("a flash", site.save(b).await, ErrorKind::Moved)?;
    c.update("n", |n: Option<u32>| n.map(|n| n + 1))?;
    fails("an update", site.save(c).await, ErrorKind::Moved)?;
    let data = site.open(&browser).await?.data();
    let keys: Vec<_> = data.values.keys().chain(data.flash.keys()).collect();
    expect("the session under its new id", &keys, &vec!["n"])
}

async fn a_write_that_begins_on_a_moved_session_is_an_error(cx: Context) -> Result {
    let (site, _browser, old) = moved(&cx).await?;
    let session = site.open(&old).await?;
    expect("what it finds", &session.is_empty(), &true)?;
    session.set("a", "A")?;
    fails(
        "a write with the old cookie",
        site.save(&session).await,
        ErrorKind::Moved,
    )?;
    site.finds_nothing("the old id afterwards", &old).await
}

async fn a_read_of_a_moved_session_stands(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("f", "hello"))
        .await?;
    let old = browser.clone();
    let (reader, flash_reader) = (site.open(&browser).await?, site.open(&browser).await?);
    flash_reader.get::<String>("f")?;
    site.request(&mut browser, |session| session.regenerate_id())
        .await?;
    kept_cookie(
        "one that only read",
        &site.save(&reader).await?,
        Outcome::Unchanged,
    )?;
    kept_cookie(
        "one that consumed a flash",
        &site.save(&flash_reader).await?,
        Outcome::Unchanged,
    )?;
    let late = site.open(&old).await?;
    late.get::<String>("f")?;
    kept_cookie(
        "one that began with the old cookie",
        &site.save(&late).await?,
        Outcome::Unchanged,
    )
}

async fn a_new_id_on_a_moved_session_starts_empty(cx: Context) -> Result {
    let (site, _browser, old) = moved(&cx).await?;
    let session = site.open(&old).await?;
    session.set("own", "x")?;
    session.regenerate_id()?;
    let saved = site.save(&session).await?;
    let (value, _) = set_cookie("a login with the old cookie", &saved, Outcome::Stored)?;
    let data = site.open(&Browser::with(&value)).await?.data();
    let keys: Vec<_> = data.values.keys().collect();
    expect("what its new id opens", &keys, &vec!["own"])
}

async fn a_login_carries_what_others_wrote(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let login = site.open(&browser).await?;
    let other = site.open(&browser).await?;
    other.set("theme", "dark")?;
    other.update("n", |n: Option<u32>| n.map(|n| n + 1))?;
    site.write(&other).await?;
    login.update("n", |n: Option<u32>| n.map(|n| n + 1))?;
    login.regenerate_id()?;
    site.end(&login, &mut browser).await?;
    let session = site.open(&browser).await?;
    let theme = session.get::<String>("theme")?;
    expect(
        "what another request wrote before",
        &theme.as_deref(),
        &Some("dark"),
    )?;
    expect(
        "a counter that both counted up",
        &session.get::<u32>("n")?,
        &Some(3),
    )
}

async fn a_double_clicked_login_logs_in_twice(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let clicks = [site.open(&browser).await?, site.open(&browser).await?];
    let mut browsers = [browser.clone(), browser.clone()];
    for (session, browser) in clicks.iter().zip(&mut browsers) {
        session.set("user", "u")?;
        session.regenerate_id()?;
        let saved = site.answer(session, browser).await?;
        set_cookie("a login of the two", &saved, Outcome::Stored)?;
    }
    for browser in &browsers {
        let seen = site.sees(browser, "user").await?;
        expect("who is logged in", &seen.as_deref(), &Some("u"))?;
    }
    site.finds_nothing("the old id", &browser).await
}
