//! When sessions expire: `policy.rs` and `clock.rs` of session-core.

use std::time::Duration;

use session_core::{ErrorKind, Lifetime, RecordStore};

use super::site::{ABSOLUTE, Browser, IDLE, SECOND, Site, add_one, fails, sets_cookie};
use crate::check::Result;
use crate::context::Context;
use crate::failure::{ensure, expect};

pub(super) async fn the_idle_timeout_ends_a_session(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    site.pass(IDLE - SECOND);
    site.shows("just before the timeout", &browser, "n", 1).await?;
    site.pass(2 * SECOND);
    site.holds_nothing("just after it", &browser).await?;
    expect("is_new", &site.open(&browser).await?.is_new(), &true)
}

pub(super) async fn a_request_that_opened_in_time_saves_after_the_deadline(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    site.pass(IDLE - SECOND);
    let (in_time, too_late) = site.two(&browser).await?;
    in_time.update("n", add_one)?;
    site.pass(2 * SECOND);
    site.write(&in_time).await?;
    site.shows("the session afterwards", &browser, "n", 2).await?;
    too_late.update("n", add_one)?;
    too_late.regenerate_id()?;
    site.pass(IDLE + Duration::from_secs(60));
    let saved = site.save(&too_late).await;
    fails("a save a minute after the deadline", saved, ErrorKind::Vanished)
}

pub(super) async fn use_moves_the_idle_deadline(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    for step in 0..6 {
        site.pass(IDLE * 6 / 10);
        let seen = site
            .request(&mut browser, |session| {
                let n = session.get::<u32>("n")?;
                if step % 2 == 1 {
                    session.set("step", &step)?;
                }
                Ok(n)
            })
            .await?;
        expect("a session in use", &seen, &Some(1))?;
    }
    site.pass(IDLE + SECOND);
    site.holds_nothing("an unused session", &browser).await
}

pub(super) async fn a_recent_deadline_is_not_moved(cx: Context) -> Result {
    let (site, store) = (Site::new(&cx), cx.store()?);
    let mut browser = site.visitor().await?;
    let key = site.policy.record_key(&site.open(&browser).await?.id()?);
    let before = store.found("the record", &key).await?;
    site.pass(IDLE / 20);
    site.request(&mut browser, |session| session.get::<u32>("n")).await?;
    let after = store.found("the record", &key).await?;
    let what = "after a read within a tenth of the timeout";
    expect(what, &after, &before)?;
    site.pass(IDLE / 10);
    site.request(&mut browser, |session| session.get::<u32>("n")).await?;
    let after = store.load(&key).await?;
    ensure(after.is_some_and(|after| after.body != before.body), || {
        "a read after a tenth of the timeout did not move the deadline".to_owned()
    })
}

pub(super) async fn the_absolute_lifetime_ends_a_session_in_use(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let step = IDLE / 2;
    let mut age = Duration::ZERO;
    while age + step < ABSOLUTE {
        site.pass(step);
        age += step;
        let seen = site
            .request(&mut browser, |session| {
                session.set("age", &age.as_secs())?;
                session.get::<u32>("n")
            })
            .await?;
        expect("a session in use, before its end", &seen, &Some(1))?;
    }
    site.pass(ABSOLUTE - age + SECOND);
    site.holds_nothing("a session in use, after its end", &browser).await
}

pub(super) async fn an_expired_id_is_not_adopted(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let id = site.open(&browser).await?.id()?;
    site.pass(IDLE + SECOND);
    let session = site.open(&browser).await?;
    session.set("user", "u")?;
    let saved = site.save(&session).await?;
    let (new, _) = sets_cookie("a login with an expired cookie", &saved)?;
    ensure(session.id()? != id, || "it took the expired session's id".to_owned())?;
    site.holds_nothing("the expired cookie", &browser).await?;
    site.shows("the new cookie", &new, "user", "u").await
}

pub(super) async fn a_remembered_session_outlives_the_idle_timeout(cx: Context) -> Result {
    const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.set_lifetime(Lifetime::For(MONTH))?;
    let saved = site.respond(&session, &mut browser).await?;
    let (_, max_age) = sets_cookie("remember me", &saved)?;
    expect("its Max-Age", &max_age, &Some(MONTH))?;
    site.pass(MONTH - SECOND);
    let seen = site.request(&mut browser, |session| session.get::<u32>("n")).await?;
    expect("a month later, never used", &seen, &Some(1))?;
    site.pass(2 * SECOND);
    site.holds_nothing("after that month, although it was used", &browser).await
}

pub(super) async fn a_browser_session_has_no_max_age(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = Browser::default();
    let session = site.open(&browser).await?;
    session.set("n", &1)?;
    session.set_lifetime(Lifetime::BrowserSession)?;
    let saved = site.respond(&session, &mut browser).await?;
    let (_, max_age) = sets_cookie("a browser session", &saved)?;
    expect("its Max-Age", &max_age, &None)?;
    let session = site.open(&browser).await?;
    session.regenerate_id()?;
    let saved = site.respond(&session, &mut browser).await?;
    let (_, max_age) = sets_cookie("a new id of it", &saved)?;
    expect("its Max-Age", &max_age, &None)?;
    site.pass(IDLE + SECOND);
    site.holds_nothing("after the idle timeout", &browser).await
}

pub(super) async fn a_new_lifetime_gives_a_new_id(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.pass(IDLE / 2);
    let session = site.open(&browser).await?;
    let id = session.id()?;
    session.set_lifetime(Lifetime::Policy)?;
    let saved = site.respond(&session, &mut browser).await?;
    let (_, max_age) = sets_cookie("a new lifetime", &saved)?;
    expect("its Max-Age, counted from now", &max_age, &Some(ABSOLUTE))?;
    ensure(session.id()? != id, || "the id is the old one".to_owned())?;
    site.shows("the data", &browser, "n", 1).await
}

pub(super) async fn a_new_id_does_not_prolong_a_session(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let created = site.open(&browser).await?.created();
    site.pass(IDLE / 2);
    let session = site.open(&browser).await?;
    session.regenerate_id()?;
    let saved = site.respond(&session, &mut browser).await?;
    let (_, max_age) = sets_cookie("a new id", &saved)?;
    let remaining = Some(ABSOLUTE - IDLE / 2);
    expect("its Max-Age, the time that remains", &max_age, &remaining)?;
    expect("created", &site.open(&browser).await?.created(), &created)
}

pub(super) async fn merging_never_moves_the_deadline_back(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let slow = site.open(&browser).await?;
    site.pass(IDLE * 8 / 10);
    site.request(&mut browser, |session| session.set("quick", "x")).await?;
    slow.set("slow", "x")?;
    site.write(&slow).await?;
    site.pass(IDLE * 8 / 10);
    let session = site.open(&browser).await?;
    let what = "both values, long after the first deadline";
    expect(what, &session.len(), &3)
}
