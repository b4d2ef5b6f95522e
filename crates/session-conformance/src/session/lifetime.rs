//! When sessions end by themselves.

use std::time::Duration;

use session_core::{Lifetime, Outcome, RecordStore};

use super::site::{ABSOLUTE, Browser, IDLE, Site, set_cookie};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::{ensure, expect};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", the_idle_timeout_ends_a_session, "A session that was left open on a shared computer is open the next day.", []),
    check!(Session, "session", use_moves_the_idle_deadline, "Users who are active are logged out.", []),
    check!(Session, "session", a_fresh_deadline_is_not_moved, "Every page view costs a write.", [Records]),
    check!(Session, "session", the_absolute_lifetime_ends_a_session_in_use, "A stolen session is open for ever.", []),
    check!(Session, "session", an_expired_id_is_not_adopted, "An id that someone kept from an expired session becomes a user's next one.", []),
    check!(Session, "session", a_remembered_session_outlives_the_idle_timeout, "\"Remember me\" forgets after a day.", []),
    check!(Session, "session", a_browser_session_has_no_max_age, "\"Remember me\" is on for everybody, also on shared computers.", []),
    check!(Session, "session", a_new_lifetime_gives_a_new_id, "The lifetime changes, and the browser's cookie does not know.", []),
    check!(Session, "session", a_new_id_does_not_prolong_a_session, "A session that changes its id again and again never ends.", []),
    check!(Session, "session", merging_moves_the_deadline_and_never_back, "A slow request shortens the session of a user who is active.", [Merge]),
];

const SECOND: Duration = Duration::from_secs(1);

async fn the_idle_timeout_ends_a_session(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    site.pass(IDLE - SECOND);
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("just before the timeout", &seen, &Some(1))?;
    site.pass(2 * SECOND);
    site.finds_nothing("just after it", &browser).await?;
    expect("is_new", &site.open(&browser).await?.is_new(), &true)
}

async fn use_moves_the_idle_deadline(cx: Context) -> Result {
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
    site.finds_nothing("left alone", &browser).await
}

async fn a_fresh_deadline_is_not_moved(cx: Context) -> Result {
    let (site, store) = (Site::new(&cx), cx.store()?);
    let mut browser = site.visitor().await?;
    let key = site.policy.record_key(&site.open(&browser).await?.id()?);
    let before = store.found("the record", &key).await?;
    site.pass(IDLE / 20);
    site.request(&mut browser, |session| session.get::<u32>("n"))
        .await?;
    let after = store.found("the record", &key).await?;
    expect(
        "after a read within a tenth of the timeout",
        &after,
        &before,
    )?;
    site.pass(IDLE / 10);
    site.request(&mut browser, |session| session.get::<u32>("n"))
        .await?;
    let after = store.load(&key).await?;
    ensure(after.is_some_and(|after| after.body != before.body), || {
        "a read after a tenth of the timeout did not move the deadline".to_owned()
    })
}

async fn the_absolute_lifetime_ends_a_session_in_use(cx: Context) -> Result {
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
    site.finds_nothing("a session in use, after its end", &browser)
        .await
}

async fn an_expired_id_is_not_adopted(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let id = site.open(&browser).await?.id()?;
    site.pass(IDLE + SECOND);
    let session = site.open(&browser).await?;
    session.set("user", "u")?;
    let saved = site.save(&session).await?;
    let (value, _) = set_cookie("a login with an expired cookie", &saved, Outcome::Stored)?;
    ensure(session.id()? != id, || {
        "it took the expired session's id".to_owned()
    })?;
    site.finds_nothing("what the expired cookie opens", &browser)
        .await?;
    let seen = site.sees(&Browser::with(&value), "user").await?;
    expect("what the new one opens", &seen.as_deref(), &Some("u"))
}

async fn a_remembered_session_outlives_the_idle_timeout(cx: Context) -> Result {
    const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.set_lifetime(Lifetime::For(MONTH))?;
    let saved = site.answer(&session, &mut browser).await?;
    let (_, max_age) = set_cookie("remember me", &saved, Outcome::Stored)?;
    expect("its Max-Age", &max_age, &Some(MONTH))?;
    site.pass(MONTH - SECOND);
    let seen = site
        .request(&mut browser, |session| session.get::<u32>("n"))
        .await?;
    expect("a month later, never used", &seen, &Some(1))?;
    site.pass(2 * SECOND);
    site.finds_nothing("after that month, although it was used", &browser)
        .await
}

async fn a_browser_session_has_no_max_age(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = Browser::default();
    let session = site.open(&browser).await?;
    session.set("n", &1)?;
    session.set_lifetime(Lifetime::BrowserSession)?;
    let saved = site.answer(&session, &mut browser).await?;
    let (_, max_age) = set_cookie("a browser session", &saved, Outcome::Stored)?;
    expect("its Max-Age", &max_age, &None)?;
    let session = site.open(&browser).await?;
    session.regenerate_id()?;
    let saved = site.answer(&session, &mut browser).await?;
    let (_, max_age) = set_cookie("a new id of it", &saved, Outcome::Stored)?;
    expect("its Max-Age", &max_age, &None)?;
    site.pass(IDLE + SECOND);
    site.finds_nothing("after the idle timeout", &browser).await
}

async fn a_new_lifetime_gives_a_new_id(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.pass(IDLE / 2);
    let session = site.open(&browser).await?;
    let id = session.id()?;
    session.set_lifetime(Lifetime::Policy)?;
    let saved = site.answer(&session, &mut browser).await?;
    let (_, max_age) = set_cookie("a new lifetime", &saved, Outcome::Stored)?;
    expect("its Max-Age, counted from now", &max_age, &Some(ABSOLUTE))?;
    ensure(session.id()? != id, || "the id stayed".to_owned())?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("the data", &seen, &Some(1))
}

async fn a_new_id_does_not_prolong_a_session(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let created = site.open(&browser).await?.created();
    site.pass(IDLE / 2);
    let session = site.open(&browser).await?;
    session.regenerate_id()?;
    let saved = site.answer(&session, &mut browser).await?;
    let (_, max_age) = set_cookie("a new id", &saved, Outcome::Stored)?;
    expect(
        "its Max-Age, what is left",
        &max_age,
        &Some(ABSOLUTE - IDLE / 2),
    )?;
    expect("created", &site.open(&browser).await?.created(), &created)
}

async fn merging_moves_the_deadline_and_never_back(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let slow = site.open(&browser).await?;
    site.pass(IDLE * 8 / 10);
    site.request(&mut browser, |session| session.set("quick", "x"))
        .await?;
    slow.set("slow", "x")?;
    site.write(&slow).await?;
    site.pass(IDLE * 8 / 10);
    let session = site.open(&browser).await?;
    expect(
        "both values, long after the first deadline",
        &session.len(),
        &3,
    )
}
