//! Records that the backend forgot while a request was under way.

use session_core::{ErrorKind, Outcome, RecordStore};

use super::site::{Browser, Site, fails, kept_cookie, set_cookie};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::expect;

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", a_write_to_a_vanished_session_is_an_error, "What a user did is lost without a word when the backend is short of memory.", [Records]),
    check!(Session, "session", a_read_of_a_vanished_session_stands, "A page that was loading shows an error although nothing was to be kept.", [Records]),
    check!(Session, "session", a_new_id_of_a_vanished_session_keeps_what_was_set, "A login fails because the cart was forgotten.", [Records]),
    check!(Session, "session", a_logout_of_a_vanished_session_clears_the_cookie, "A logout fails because there is nothing left to log out of.", [Records]),
];

/// A site, a browser whose session the backend forgets, and four requests that had opened it before.
async fn forgotten(cx: &Context) -> Result<(Site, Browser, [session_core::Session; 2])> {
    let (site, store) = (Site::new(cx), cx.store()?);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("f", "hello"))
        .await?;
    let opened = [site.open(&browser).await?, site.open(&browser).await?];
    let [session, _] = &opened;
    store
        .remove(&site.policy.record_key(&session.id()?))
        .await?;
    Ok((site, browser, opened))
}

async fn a_write_to_a_vanished_session_is_an_error(cx: Context) -> Result {
    let (site, browser, [a, b]) = forgotten(&cx).await?;
    a.set("a", "A")?;
    fails("a write", site.save(&a).await, ErrorKind::Vanished)?;
    b.flash("f", "other")?;
    fails("a flash", site.save(&b).await, ErrorKind::Vanished)?;
    site.finds_nothing("what the cookie opens then", &browser)
        .await
}

async fn a_read_of_a_vanished_session_stands(cx: Context) -> Result {
    let (site, _browser, [a, b]) = forgotten(&cx).await?;
    a.get::<u32>("n")?;
    site.pass(super::site::IDLE / 2);
    kept_cookie(
        "one that only read",
        &site.save(&a).await?,
        Outcome::Unchanged,
    )?;
    b.get::<String>("f")?;
    kept_cookie(
        "one that consumed a flash",
        &site.save(&b).await?,
        Outcome::Unchanged,
    )
}

async fn a_new_id_of_a_vanished_session_keeps_what_was_set(cx: Context) -> Result {
    let (site, _browser, [a, _]) = forgotten(&cx).await?;
    a.set("user", "u")?;
    a.regenerate_id()?;
    let saved = site.save(&a).await?;
    let (value, _) = set_cookie("a login", &saved, Outcome::Stored)?;
    let data = site.open(&Browser::with(&value)).await?.data();
    let keys: Vec<_> = data.values.keys().collect();
    expect("what the new id opens", &keys, &vec!["user"])
}

async fn a_logout_of_a_vanished_session_clears_the_cookie(cx: Context) -> Result {
    let (site, _browser, [a, b]) = forgotten(&cx).await?;
    a.destroy()?;
    let saved = site.save(&a).await?;
    expect(
        "destroy: the cookie",
        &saved.cookie,
        &session_core::CookieChange::Remove,
    )?;
    b.restart()?;
    b.flash("f", "Goodbye")?;
    set_cookie("restart", &site.save(&b).await?, Outcome::Stored)?;
    Ok(())
}
