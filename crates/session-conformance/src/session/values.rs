//! Values: what is set comes back, as what it was.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use session_core::{ErrorKind, Key};

use super::site::{Browser, Site, fails};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::{ensure, expect};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", values_come_back, "What a user did on one page is not there on the next.", []),
    check!(Session, "session", a_null_removes_the_value, "A choice that was taken back stays.", []),
    check!(Session, "session", a_float_without_json_form_is_refused, "A number turns into nothing, without a word.", []),
    check!(Session, "session", a_value_of_another_type_is_an_error_and_stays, "After a release that changed a type, users' data goes silently.", []),
    check!(Session, "session", unset_clear_has_and_len_agree, "Pages disagree about what is in the session.", []),
    check!(Session, "session", a_value_beats_a_flash_of_its_name, "A notice hides a value.", []),
    check!(Session, "session", update_builds_on_the_value, "Counters do not count.", []),
    check!(Session, "session", an_emptied_session_stays, "A user who removes the last thing from the cart is a stranger on the next page.", []),
    check!(Session, "session", keys_and_values_of_any_text, "A user with an unusual name gets errors.", []),
];

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Cart {
    items: Vec<(u32, String)>,
    notes: BTreeMap<String, Option<f64>>,
}

async fn values_come_back(cx: Context) -> Result {
    const CART: Key<Cart> = Key::new("cart");
    let (site, mut browser) = (Site::new(&cx), Browser::default());
    let cart = || Cart {
        items: vec![(7, "tea".to_owned()), (8, String::new())],
        notes: BTreeMap::from([("a".to_owned(), Some(0.1)), ("b".to_owned(), None)]),
    };
    site.request(&mut browser, |session| {
        session.set(CART, &cart())?;
        session.set("large", &u64::MAX)?;
        session.set("small", &i64::MIN)?;
        session.set("float", &f64::MIN_POSITIVE)?;
        session.set("no", &false)?;
        session.set("text", "one\ttwo")
    })
    .await?;
    for page in ["the next page", "the page after it"] {
        let session = site.open(&browser).await?;
        expect(page, &session.get(CART)?, &Some(cart()))?;
        expect(page, &session.get::<u64>("large")?, &Some(u64::MAX))?;
        expect(page, &session.get::<i64>("small")?, &Some(i64::MIN))?;
        expect(
            page,
            &session.get::<f64>("float")?,
            &Some(f64::MIN_POSITIVE),
        )?;
        expect(page, &session.get::<bool>("no")?, &Some(false))?;
        expect(
            page,
            &session.get::<String>("text")?,
            &Some("one\ttwo".to_owned()),
        )?;
        expect(page, &session.get::<String>("other")?, &None)?;
        site.end(&session, &mut browser).await?;
    }
    Ok(())
}

async fn a_null_removes_the_value(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.set("n", &None::<u32>))
        .await?;
    let session = site.open(&browser).await?;
    expect("has() after null was set", &session.has("n"), &false)?;
    expect("get() after null was set", &session.get::<u32>("n")?, &None)
}

async fn a_float_without_json_form_is_refused(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        fails(
            "set of such a float",
            session.set("n", &float),
            ErrorKind::Encode,
        )?;
        fails(
            "set of it in a list",
            session.set("n", &[1.0, float]),
            ErrorKind::Encode,
        )?;
        fails("flash of it", session.flash("n", &float), ErrorKind::Encode)?;
    }
    site.end(&session, &mut browser).await?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("the value that stood there", &seen, &Some(1))
}

async fn a_value_of_another_type_is_an_error_and_stays(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    fails(
        "get of a number as text",
        session.get::<String>("n"),
        ErrorKind::Decode,
    )?;
    fails(
        "peek of a number as text",
        session.peek::<String>("n"),
        ErrorKind::Decode,
    )?;
    let update = session.update("n", |old: Option<String>| old);
    fails("update of a number as text", update, ErrorKind::Decode)?;
    site.end(&session, &mut browser).await?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("the value afterwards", &seen, &Some(1))
}

async fn unset_clear_has_and_len_agree(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| {
        session.set("a", "A")?;
        session.set("b", "B")?;
        session.flash("f", "F")
    })
    .await?;
    let session = site.open(&browser).await?;
    expect("len of three values and a flash", &session.len(), &4)?;
    session.unset("a")?;
    session.unset("not there")?;
    expect("has after unset", &session.has("a"), &false)?;
    expect("len after unset", &session.len(), &3)?;
    site.end(&session, &mut browser).await?;

    let session = site.open(&browser).await?;
    expect("has of an unset value", &session.has("a"), &false)?;
    expect("has of a flash", &session.has("f"), &true)?;
    session.clear()?;
    expect("len after clear", &session.len(), &0)?;
    ensure(session.is_empty() && !session.has("f"), || {
        "a cleared session is not empty".to_owned()
    })?;
    session.set("c", "C")?;
    site.end(&session, &mut browser).await?;
    let session = site.open(&browser).await?;
    let keys: Vec<_> = session.data().values.into_keys().collect();
    expect("values after clear and set", &keys, &vec!["c".to_owned()])?;
    expect("a flash after clear", &session.has("f"), &false)
}

async fn a_value_beats_a_flash_of_its_name(cx: Context) -> Result {
    let (site, mut browser) = (Site::new(&cx), Browser::default());
    site.request(&mut browser, |session| session.flash("x", "flash"))
        .await?;
    let session = site.open(&browser).await?;
    session.set("x", "value")?;
    let seen = session.get::<String>("x")?;
    expect("get where both stand", &seen.as_deref(), &Some("value"))?;
    session.unset("x")?;
    let seen = session.get::<String>("x")?;
    expect(
        "get after unset of the value",
        &seen.as_deref(),
        &Some("flash"),
    )
}

async fn update_builds_on_the_value(cx: Context) -> Result {
    let (site, mut browser) = (Site::new(&cx), Browser::default());
    let add = |old: Option<u32>| Some(old.unwrap_or(0) + 1);
    for count in 1..4 {
        let seen = site
            .request(&mut browser, |session| session.update("n", add))
            .await?;
        expect("what update returns", &seen, &Some(count))?;
    }
    let session = site.open(&browser).await?;
    session.update("n", add)?;
    session.update("n", add)?;
    expect("get after two updates", &session.get::<u32>("n")?, &Some(5))?;
    site.end(&session, &mut browser).await?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("the value afterwards", &seen, &Some(5))?;
    let gone = site
        .request(&mut browser, |session| {
            session.update("n", |_: Option<u32>| None)
        })
        .await?;
    expect("what an update to nothing returns", &gone, &None)?;
    expect(
        "has afterwards",
        &site.open(&browser).await?.has("n"),
        &false,
    )
}

async fn an_emptied_session_stays(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let before = site.open(&browser).await?.id()?;
    site.request(&mut browser, |session| session.unset("n"))
        .await?;
    let session = site.open(&browser).await?;
    expect("is_new of an emptied session", &session.is_new(), &false)?;
    expect("is_empty", &session.is_empty(), &true)?;
    ensure(session.id()? == before, || {
        "an emptied session has another id".to_owned()
    })?;
    session.set("n", &2)?;
    site.end(&session, &mut browser).await?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("a value that was set then", &seen, &Some(2))
}

async fn keys_and_values_of_any_text(cx: Context) -> Result {
    let (site, mut browser) = (Site::new(&cx), Browser::default());
    let texts = [
        "",
        " ",
        "\"",
        "\\",
        "\0",
        "\u{1}\n\r",
        "null",
        "{}",
        "k\u{f6}\u{1f95f}",
        "\u{2028}",
        "__proto__",
        "0",
    ];
    site.request(&mut browser, |session| {
        for text in texts {
            session.set(text, text)?;
            session.flash(text, "flash")?;
        }
        Ok(())
    })
    .await?;
    let session = site.open(&browser).await?;
    for text in texts {
        let seen = session.get::<String>(text)?;
        expect("a value under such a key", &seen.as_deref(), &Some(text))?;
        session.unset(text)?;
    }
    site.end(&session, &mut browser).await?;
    let session = site.open(&browser).await?;
    for text in texts {
        let seen = session.get::<String>(text)?;
        expect("a flash under such a key", &seen.as_deref(), &Some("flash"))?;
    }
    Ok(())
}
