//! The first request of a visitor.

use session_core::{Outcome, SessionId};

use super::site::{ABSOLUTE, Browser, Site, kept_cookie, set_cookie};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::{ensure, expect};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", a_visit_without_data_sets_no_cookie, "Every visitor gets a cookie, and every robot fills the store.", []),
    check!(Session, "session", the_first_data_sets_a_cookie, "Nothing that a new visitor does is remembered.", []),
    check!(Session, "session", an_unknown_id_is_not_adopted, "Someone plants an id in a browser, and is logged in with its user.", []),
    check!(Session, "session", two_visitors_have_two_sessions, "A visitor sees a stranger's session.", []),
    check!(Session, "session", a_stored_session_keeps_its_cookie, "A slow response puts an old session's cookie over a new login's.", [Merge]),
    check!(Session, "session", an_unchanged_session_is_not_saved, "Every page view costs a write.", []),
    check!(Session, "session", what_is_new_says_so, "A page takes a known visitor for a new one.", []),
];

/// Cookies that name no session.
fn strange_cookies() -> Result<Vec<String>> {
    let unknown = SessionId::random()?.as_str().to_owned();
    let long = "A".repeat(5000);
    let texts = [
        "",
        " ",
        "null",
        "[{},{}]",
        "{}",
        "\0",
        "../../etc/passwd",
        "k\u{f6}nig",
        &long,
    ];
    let texts = texts.map(str::to_owned);
    Ok([unknown].into_iter().chain(texts).collect())
}

async fn a_visit_without_data_sets_no_cookie(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browsers = vec![Browser::default()];
    browsers.extend(strange_cookies()?.iter().map(|text| Browser::with(text)));
    for browser in browsers {
        let session = site.open(&browser).await?;
        expect("is_empty of a new session", &session.is_empty(), &true)?;
        session.get::<u32>("n")?;
        session.unset("n")?;
        session.clear()?;
        session.keep_flash()?;
        let saved = site.save(&session).await?;
        kept_cookie(
            "a new session with nothing in it",
            &saved,
            Outcome::Unchanged,
        )?;
        session.regenerate_id()?;
        let saved = site.save(&session).await?;
        kept_cookie("the same after regenerate_id", &saved, Outcome::Unchanged)?;
    }
    Ok(())
}

async fn the_first_data_sets_a_cookie(cx: Context) -> Result {
    let site = Site::new(&cx);
    let session = site.open(&Browser::default()).await?;
    session.set("n", &1)?;
    let saved = site.save(&session).await?;
    let (value, max_age) = set_cookie("a new session with data", &saved, Outcome::Stored)?;
    expect("its Max-Age", &max_age, &Some(ABSOLUTE))?;
    let seen = site.open(&Browser::with(&value)).await?.get::<u32>("n")?;
    expect("what the cookie opens", &seen, &Some(1))?;

    let session = site.open(&Browser::default()).await?;
    session.flash("f", "hello")?;
    let saved = site.save(&session).await?;
    let (value, _) = set_cookie("a new session with a flash", &saved, Outcome::Stored)?;
    let seen = site.sees(&Browser::with(&value), "f").await?;
    expect("what that cookie opens", &seen.as_deref(), &Some("hello"))
}

async fn an_unknown_id_is_not_adopted(cx: Context) -> Result {
    let site = Site::new(&cx);
    for planted in strange_cookies()? {
        let browser = Browser::with(&planted);
        let session = site.open(&browser).await?;
        expect(
            "is_new with a cookie that names nothing",
            &session.is_new(),
            &true,
        )?;
        session.set("n", &1)?;
        let saved = site.save(&session).await?;
        let (value, _) = set_cookie("the first data", &saved, Outcome::Stored)?;
        ensure(value != planted, || {
            "the session took the cookie that the browser came with".to_owned()
        })?;
        site.finds_nothing("what the planted cookie opens", &browser)
            .await?;
    }
    Ok(())
}

async fn two_visitors_have_two_sessions(cx: Context) -> Result {
    let site = Site::new(&cx);
    let (mut a, mut b) = (Browser::default(), Browser::default());
    site.request(&mut a, |session| session.set("who", "a"))
        .await?;
    site.request(&mut b, |session| session.set("who", "b"))
        .await?;
    expect(
        "the first visitor",
        &site.sees(&a, "who").await?.as_deref(),
        &Some("a"),
    )?;
    expect(
        "the second visitor",
        &site.sees(&b, "who").await?.as_deref(),
        &Some("b"),
    )?;
    let ids = (site.open(&a).await?.id()?, site.open(&b).await?.id()?);
    ensure(ids.0 != ids.1, || "two visitors have one id".to_owned())
}

async fn a_stored_session_keeps_its_cookie(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.set("n", &2)?;
    session.flash("f", "hello")?;
    let saved = site.save(&session).await?;
    kept_cookie("a write to a session that exists", &saved, Outcome::Stored)?;
    site.pass(super::site::IDLE / 2);
    let session = site.open(&browser).await?;
    let saved = site.save(&session).await?;
    kept_cookie("an idle deadline that moves", &saved, Outcome::Unchanged)
}

async fn an_unchanged_session_is_not_saved(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.get::<u32>("n")?;
    session.has("n");
    session.set("n", &1)?;
    session.unset("not there")?;
    let saved = site.save(&session).await?;
    kept_cookie("a request that changed nothing", &saved, Outcome::Unchanged)
}

async fn what_is_new_says_so(cx: Context) -> Result {
    let site = Site::new(&cx);
    let session = site.open(&Browser::default()).await?;
    expect("is_new without a cookie", &session.is_new(), &true)?;
    let browser = site.visitor().await?;
    let created = site.open(&browser).await?.created();
    site.pass(super::site::IDLE / 2);
    let session = site.open(&browser).await?;
    expect("is_new of a stored session", &session.is_new(), &false)?;
    expect("created", &session.created(), &created)?;
    let expires = site.policy.time().now() + super::site::IDLE;
    expect("expires", &session.expires(), &expires)
}
