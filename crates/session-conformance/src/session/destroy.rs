//! The end of a session, wherever it has moved to: `engine/destroy.rs` of session-core.

use std::time::Duration;

use session_core::{CookieChange, ErrorKind, Outcome, SessionPolicy};

use super::site::{
    Browser, IDLE, NOTHING, SECOND, Site, add_one, fails, gets, keeps_cookie, sets_cookie,
};
use super::write::vanished;
use crate::check::Result;
use crate::context::Context;
use crate::failure::{ensure, expect};
use crate::faulty::Fault;

const CLOCK_SKEW: Duration = SessionPolicy::CLOCK_SKEW;

pub(super) async fn destroy_ends_the_session(cx: Context) -> Result {
    const DESTROYED: ErrorKind = ErrorKind::Destroyed;
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("f", "hello")).await?;
    let session = site.open(&browser).await?;
    session.set("a", "A")?;
    for _ in 0..2 {
        session.destroy()?;
        gets("get after destroy", &session, "n", NOTHING)?;
        expect("has after destroy", &session.has("n"), &false)?;
        expect("has of a flash after destroy", &session.has("f"), &false)?;
        expect("len after destroy", &session.len(), &0)?;
        fails("set", session.set("b", "B"), DESTROYED)?;
        fails("flash", session.flash("b", "B"), DESTROYED)?;
        fails("unset", session.unset("b"), DESTROYED)?;
        let update = session.update("b", |_: Option<u32>| Some(1));
        fails("update", update, DESTROYED)?;
        fails("clear", session.clear(), DESTROYED)?;
        fails("keep_flash", session.keep_flash(), DESTROYED)?;
        fails("regenerate_id", session.regenerate_id(), DESTROYED)?;
        fails("restart", session.restart(), DESTROYED)?;
        let saved = site.save(&session).await?;
        expect("the outcome", &saved.outcome, &Outcome::Destroyed)?;
        expect("the cookie", &saved.cookie, &CookieChange::Remove)?;
    }
    Ok(())
}

pub(super) async fn a_logout_after_the_deadline_is_final(cx: Context) -> Result {
    for ahead in [Duration::ZERO, CLOCK_SKEW] {
        let site = Site::new(&cx);
        let mut browser = site.visitor().await?;
        let copy = browser.clone();
        site.pass(IDLE - SECOND);
        let (write, touch) = site.two(&browser).await?;
        let regenerate = site.open(&browser).await?;
        if ahead.is_zero() {
            site.pass(2 * SECOND);
        }
        site.with_clock_ahead(ahead).logout(&mut browser).await?;
        site.pass(SECOND);
        write.update("n", add_one)?;
        regenerate.regenerate_id()?;
        for session in [&write, &regenerate] {
            let saved = site.save(session).await?;
            keeps_cookie("a request that opened in time", &saved, Outcome::Destroyed)?;
        }
        let saved = site.save(&touch).await?;
        keeps_cookie("one that changes nothing", &saved, Outcome::Unchanged)?;
        site.holds_nothing("the cookie of the session", &copy).await?;
    }
    Ok(())
}

pub(super) async fn a_logout_with_an_old_id_reaches_the_new_one_on_any_server(
    cx: Context,
) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let mut old = site.regenerate(&mut browser).await?;
    site.pass(Duration::from_secs(59));
    site.with_clock_ahead(CLOCK_SKEW - SECOND).logout(&mut old).await?;
    site.holds_nothing("the new id", &browser).await
}

pub(super) async fn destroy_without_a_session_clears_the_cookie(cx: Context) -> Result {
    let site = Site::new(&cx);
    for mut browser in [Browser::default(), Browser::with("no such session")] {
        site.logout(&mut browser).await?;
    }
    let session = site.open(&Browser::default()).await?;
    session.set("a", "A")?;
    session.destroy()?;
    let saved = site.save(&session).await?;
    let what = "the cookie of a session that was new";
    expect(what, &saved.cookie, &CookieChange::Remove)
}

pub(super) async fn a_destroyed_session_cannot_be_opened(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let mut copy = browser.clone();
    site.logout(&mut browser).await?;
    for _ in 0..3 {
        site.holds_nothing("a copied cookie after the logout", &copy).await?;
        let session = site.open(&copy).await?;
        expect("is_new of it", &session.is_new(), &true)?;
        site.pass(31 * SECOND);
    }
    let again = copy.clone();
    site.logout(&mut copy).await?;
    site.holds_nothing("after a second logout", &again).await
}

pub(super) async fn a_visit_after_a_logout_gets_a_new_session(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let id = site.open(&browser).await?.id()?;
    site.logout(&mut browser).await?;
    let session = site.open(&browser).await?;
    expect("is_empty after the logout", &session.is_empty(), &true)?;
    session.set("user", "u")?;
    let saved = site.respond(&session, &mut browser).await?;
    sets_cookie("a login after the logout", &saved)?;
    ensure(session.id()? != id, || "the destroyed session's id is used again".to_owned())?;
    site.shows("who is logged in", &browser, "user", "u").await
}

pub(super) async fn restart_continues_under_a_new_id(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("old", "x")).await?;
    let session = site.open(&browser).await?;
    let id = session.id()?;
    session.set("before", "x")?;
    session.restart()?;
    expect("len after restart", &session.len(), &0)?;
    session.flash("f", "Goodbye")?;
    let saved = site.respond(&session, &mut browser).await?;
    sets_cookie("a restart", &saved)?;
    let session = site.open(&browser).await?;
    ensure(session.id()? != id, || "restart kept the id".to_owned())?;
    site.holds("after a restart", &browser, &["f"]).await
}

pub(super) async fn restart_ends_the_old_id(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let copy = browser.clone();
    let slow = site.open(&copy).await?;
    site.request(&mut browser, |session| {
        session.restart()?;
        session.flash("f", "Goodbye")
    })
    .await?;
    slow.set("n", &2)?;
    let saved = site.save(&slow).await?;
    expect("a slow write after it", &saved.outcome, &Outcome::Destroyed)?;
    site.holds_nothing("a copied cookie", &copy).await
}

pub(super) async fn a_slow_write_does_not_bring_back_a_destroyed_session(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (slow, reader) = site.two(&browser).await?;
    site.logout(&mut browser.clone()).await?;
    slow.set("n", &2)?;
    let saved = site.save(&slow).await?;
    let what = "a write that comes after the logout";
    keeps_cookie(what, &saved, Outcome::Destroyed)?;
    reader.get::<u32>("n")?;
    let saved = site.save(&reader).await?;
    expect("the cookie of a reader", &saved.cookie, &CookieChange::Keep)?;
    site.holds_nothing("the cookie afterwards", &browser).await
}

pub(super) async fn a_request_that_learned_of_a_logout_refuses_changes(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let slow = site.open(&browser).await?;
    site.logout(&mut browser.clone()).await?;
    slow.set("n", &2)?;
    site.write(&slow).await?;
    let what = "get after the save that found the logout";
    gets(what, &slow, "n", NOTHING)?;
    fails("set after it", slow.set("n", &3), ErrorKind::Destroyed)?;
    let saved = site.save(&slow).await?;
    let what = "the cookie of another save";
    expect(what, &saved.cookie, &CookieChange::Keep)?;
    site.holds_nothing("the cookie afterwards", &browser).await
}

pub(super) async fn logout_wins_over_a_concurrent_write(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (logout, other) = site.two(&browser).await?;
    other.set("n", &2)?;
    site.write(&other).await?;
    logout.destroy()?;
    let saved = site.save(&logout).await?;
    expect("the logout", &saved.outcome, &Outcome::Destroyed)?;
    site.holds_nothing("the cookie afterwards", &browser).await
}

pub(super) async fn logout_wins_over_a_concurrent_regenerate(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let (with_data, without) = site.two(&browser).await?;
    site.logout(&mut browser.clone()).await?;
    with_data.set("own", "x")?;
    with_data.regenerate_id()?;
    let saved = site.save(&with_data).await?;
    let (new, _) = sets_cookie("a new id after the logout, with data", &saved)?;
    site.holds("what the new id opens", &new, &["own"]).await?;
    without.regenerate_id()?;
    let saved = site.save(&without).await?;
    let what = "a new id after the logout, without data";
    keeps_cookie(what, &saved, Outcome::Destroyed)
}

pub(super) async fn logout_reaches_a_session_that_moved_meanwhile(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let logout = site.open(&browser).await?;
    for _ in 0..3 {
        site.regenerate(&mut browser).await?;
    }
    logout.destroy()?;
    let saved = site.save(&logout).await?;
    expect("the cookie", &saved.cookie, &CookieChange::Remove)?;
    let what = "the newest id, after a logout that began before the moves";
    site.holds_nothing(what, &browser).await
}

pub(super) async fn logout_reaches_both_sessions_of_concurrent_regenerates(cx: Context) -> Result {
    let site = Site::new(&cx);
    for logout in 0..3 {
        let browser = site.visitor().await?;
        let (a, b) = site.two(&browser).await?;
        let mut browsers = [browser.clone(), browser.clone(), browser];
        for (session, browser) in [a, b].iter().zip(&mut browsers) {
            session.set("user", "u")?;
            session.regenerate_id()?;
            let _ = site.respond(session, browser).await?;
        }
        if let Some(browser) = browsers.get(logout) {
            site.logout(&mut browser.clone()).await?;
        }
        for browser in &browsers {
            let what =
                format!("after a logout with cookie {logout} of the two logins and the old one");
            site.holds_nothing(&what, browser).await?;
        }
    }
    Ok(())
}

pub(super) async fn logout_ends_an_old_id_kept_readable(cx: Context) -> Result {
    const KEEP: Duration = Duration::from_secs(300);
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let old = browser.clone();
    site.request(&mut browser, |session| session.regenerate_id_keeping_old_for(KEEP)).await?;
    site.pass(KEEP / 2);
    site.logout(&mut browser).await?;
    site.holds_nothing("the old id after the logout", &old).await
}

pub(super) async fn logout_with_an_old_id_ends_the_new_one(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let mut old = site.regenerate(&mut browser).await?;
    site.logout(&mut old).await?;
    site.holds_nothing("the new id", &browser).await
}

pub(super) async fn a_login_on_a_destroyed_session_is_a_new_session(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let id = site.open(&browser).await?.id()?;
    site.logout(&mut browser.clone()).await?;
    for regenerate in [false, true] {
        let session = site.open(&browser).await?;
        session.set("user", "u")?;
        if regenerate {
            session.regenerate_id()?;
        }
        let saved = site.save(&session).await?;
        let (new, _) = sets_cookie("a login on a destroyed session", &saved)?;
        ensure(session.id()? != id, || "it took the destroyed session's id".to_owned())?;
        site.holds("what it opens", &new, &["user"]).await?;
    }
    site.holds_nothing("the old id", &browser).await
}

pub(super) async fn a_logout_of_a_vanished_session_clears_the_cookie(cx: Context) -> Result {
    let (site, _browser, [a, b]) = vanished(&cx).await?;
    a.destroy()?;
    let saved = site.save(&a).await?;
    expect("destroy", &saved.cookie, &CookieChange::Remove)?;
    b.restart()?;
    b.flash("f", "Goodbye")?;
    sets_cookie("restart", &site.save(&b).await?).map(drop)
}

pub(super) async fn a_failed_logout_is_an_error_and_can_be_retried(cx: Context) -> Result {
    let (site, store) = Site::with_faults(&cx)?;
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.destroy()?;
    store.set_down(true);
    let saved = site.save(&session).await;
    let what = "a logout while the store is down";
    fails(what, saved, ErrorKind::Unavailable)?;
    store.set_down(false);
    // The load, then the write.
    store.plan(&[Fault::None, Fault::LosesItsReply]);
    let saved = site.save(&session).await?;
    let what = "the second try, whose first reply is lost";
    expect(what, &saved.outcome, &Outcome::Destroyed)?;
    site.holds_nothing("the cookie afterwards", &browser).await
}
