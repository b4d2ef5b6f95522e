//! A logout, while other requests are under way.

use session_core::{CookieChange, ErrorKind, Outcome};

use super::site::{Browser, Site, fails, kept_cookie, set_cookie};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::{ensure, expect};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", a_slow_write_does_not_bring_a_session_back, "A slow request logs the user in again after the logout.", [Revoke]),
    check!(Session, "session", after_anothers_logout_the_request_takes_no_more, "A request goes on writing into a session that was logged out, and its user believes it.", [Revoke, Commit]),
    check!(Session, "session", a_logout_beats_a_new_id, "A login page that was still loading brings the old data back after the logout.", [Revoke]),
    check!(Session, "session", a_logout_finds_a_session_that_moved, "A logout at the moment of an id change logs nobody out.", [Revoke]),
    check!(Session, "session", a_logout_finds_every_double_clicked_login, "After a double-clicked login, the logout leaves one of the two alive.", [Revoke]),
    check!(Session, "session", a_logout_finds_a_kept_old_id, "After the logout, the kept old id can still be read.", [Revoke]),
    check!(Session, "session", a_logout_under_the_old_id_finds_the_new_one, "A tab with the old cookie logs out, and the session lives on.", [Revoke]),
    check!(Session, "session", a_login_on_a_destroyed_session_is_a_new_one, "After the logout, the next login fails, or shows the data from before.", [Revoke]),
    check!(Session, "session", a_logout_sees_what_others_wrote, "A session that was written at the moment of the logout survives it.", [Revoke]),
];

async fn logout(site: &Site, browser: &Browser) -> Result {
    let session = site.open(browser).await?;
    session.destroy()?;
    let saved = site.save(&session).await?;
    expect(
        "the cookie of the logout",
        &saved.cookie,
        &CookieChange::Remove,
    )
}

async fn a_slow_write_does_not_bring_a_session_back(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let slow = site.open(&browser).await?;
    let reader = site.open(&browser).await?;
    logout(&site, &browser).await?;
    slow.set("n", &2)?;
    let saved = site.save(&slow).await?;
    kept_cookie(
        "a write that comes after the logout",
        &saved,
        Outcome::Destroyed,
    )?;
    reader.get::<u32>("n")?;
    let saved = site.save(&reader).await?;
    expect("the cookie of a reader", &saved.cookie, &CookieChange::Keep)?;
    site.finds_nothing("what the cookie opens then", &browser)
        .await
}

async fn after_anothers_logout_the_request_takes_no_more(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let slow = site.open(&browser).await?;
    logout(&site, &browser).await?;
    slow.set("n", &2)?;
    site.write(&slow).await?;
    expect(
        "get after the save that found the logout",
        &slow.get::<u32>("n")?,
        &None,
    )?;
    fails("set after it", slow.set("n", &3), ErrorKind::Destroyed)?;
    let saved = site.save(&slow).await?;
    expect(
        "the cookie of another save",
        &saved.cookie,
        &CookieChange::Keep,
    )?;
    site.finds_nothing("what the cookie opens then", &browser)
        .await
}

async fn a_logout_beats_a_new_id(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let with_data = site.open(&browser).await?;
    let without = site.open(&browser).await?;
    logout(&site, &browser).await?;
    with_data.set("own", "x")?;
    with_data.regenerate_id()?;
    let saved = site.save(&with_data).await?;
    let (value, _) = set_cookie(
        "a new id after the logout, with data",
        &saved,
        Outcome::Stored,
    )?;
    let data = site.open(&Browser::with(&value)).await?.data();
    let keys: Vec<_> = data.values.keys().collect();
    expect("what the new id opens", &keys, &vec!["own"])?;
    without.regenerate_id()?;
    let saved = site.save(&without).await?;
    kept_cookie(
        "a new id after the logout, without data",
        &saved,
        Outcome::Destroyed,
    )
}

async fn a_logout_finds_a_session_that_moved(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let leaving = site.open(&browser).await?;
    for _ in 0..3 {
        site.request(&mut browser, |session| session.regenerate_id())
            .await?;
    }
    leaving.destroy()?;
    let saved = site.save(&leaving).await?;
    expect(
        "the cookie of the logout",
        &saved.cookie,
        &CookieChange::Remove,
    )?;
    site.finds_nothing(
        "what the newest id opens after a logout that began before the moves",
        &browser,
    )
    .await
}

async fn a_logout_finds_every_double_clicked_login(cx: Context) -> Result {
    let site = Site::new(&cx);
    for leaving in 0..3 {
        let browser = site.visitor().await?;
        let clicks = [site.open(&browser).await?, site.open(&browser).await?];
        let mut browsers = vec![browser.clone(), browser.clone()];
        for (session, browser) in clicks.iter().zip(&mut browsers) {
            session.set("user", "u")?;
            session.regenerate_id()?;
            site.end(session, browser).await?;
        }
        browsers.push(browser.clone());
        if let Some(browser) = browsers.get(leaving) {
            logout(&site, browser).await?;
        }
        for browser in &browsers {
            let what =
                format!("after a logout with cookie {leaving} of the two logins and the old one");
            site.finds_nothing(&what, browser).await?;
        }
    }
    Ok(())
}

async fn a_logout_finds_a_kept_old_id(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let old = browser.clone();
    let keep = std::time::Duration::from_secs(300);
    site.request(&mut browser, |session| {
        session.regenerate_id_keeping_old_for(keep)
    })
    .await?;
    site.pass(keep / 2);
    logout(&site, &browser).await?;
    site.finds_nothing("what the kept old id opens after the logout", &old)
        .await
}

async fn a_logout_under_the_old_id_finds_the_new_one(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let old = browser.clone();
    site.request(&mut browser, |session| session.regenerate_id())
        .await?;
    logout(&site, &old).await?;
    site.finds_nothing("what the new id opens", &browser).await
}

async fn a_login_on_a_destroyed_session_is_a_new_one(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let id = site.open(&browser).await?.id()?;
    logout(&site, &browser).await?;
    for regenerate in [false, true] {
        let session = site.open(&browser).await?;
        session.set("user", "u")?;
        if regenerate {
            session.regenerate_id()?;
        }
        let saved = site.save(&session).await?;
        let (value, _) = set_cookie("a login on a destroyed session", &saved, Outcome::Stored)?;
        ensure(session.id()? != id, || {
            "it took the destroyed session's id".to_owned()
        })?;
        let data = site.open(&Browser::with(&value)).await?.data();
        let keys: Vec<_> = data.values.keys().collect();
        expect("what it opens", &keys, &vec!["user"])?;
    }
    site.finds_nothing("what the old id opens", &browser).await
}

async fn a_logout_sees_what_others_wrote(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let leaving = site.open(&browser).await?;
    let mut other = browser.clone();
    site.request(&mut other, |session| session.set("n", &2))
        .await?;
    leaving.destroy()?;
    let saved = site.save(&leaving).await?;
    expect(
        "the outcome of the logout",
        &saved.outcome,
        &Outcome::Destroyed,
    )?;
    site.finds_nothing("what the cookie opens then", &browser)
        .await
}
