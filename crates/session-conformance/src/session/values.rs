//! Values and what protects them: `session.rs`, `json.rs` and `data.rs` of session-core.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use session_core::{ErrorKind, Key, storage};

use super::site::{Browser, NOTHING, Site, add_one, fails, gets, keys};
use crate::check::Result;
use crate::context::Context;
use crate::failure::{ensure, expect};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Cart {
    items: Vec<(u32, String)>,
    notes: BTreeMap<String, Option<f64>>,
}

pub(super) async fn values_come_back_as_they_were_set(cx: Context) -> Result {
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
        expect(page, &session.get("large")?, &Some(u64::MAX))?;
        expect(page, &session.get("small")?, &Some(i64::MIN))?;
        expect(page, &session.get("float")?, &Some(f64::MIN_POSITIVE))?;
        expect(page, &session.get("no")?, &Some(false))?;
        expect(page, &session.get("text")?, &Some("one\ttwo".to_owned()))?;
        gets(page, &session, "other", NOTHING)?;
        let _ = site.respond(&session, &mut browser).await?;
    }
    Ok(())
}

pub(super) async fn setting_null_removes_the_value(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.set("n", &None::<u32>)).await?;
    let session = site.open(&browser).await?;
    expect("has() after null was set", &session.has("n"), &false)?;
    expect("get() after null was set", &session.get::<u32>("n")?, &None)
}

pub(super) async fn a_float_that_is_not_finite_is_refused(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        fails("set", session.set("n", &float), ErrorKind::Encode)?;
        let list = session.set("n", &[1.0, float]);
        fails("set of a list", list, ErrorKind::Encode)?;
        fails("flash", session.flash("n", &float), ErrorKind::Encode)?;
    }
    let _ = site.respond(&session, &mut browser).await?;
    site.shows("the value from before", &browser, "n", 1).await
}

pub(super) async fn a_value_of_another_type_is_an_error_and_is_not_lost(cx: Context) -> Result {
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    let get = session.get::<String>("n");
    fails("get of a number as text", get, ErrorKind::Decode)?;
    let peek = session.peek::<String>("n");
    fails("peek of a number as text", peek, ErrorKind::Decode)?;
    let update = session.update("n", |old: Option<String>| old);
    fails("update of a number as text", update, ErrorKind::Decode)?;
    let _ = site.respond(&session, &mut browser).await?;
    site.shows("the value afterwards", &browser, "n", 1).await
}

pub(super) async fn unset_clear_has_and_len_agree(cx: Context) -> Result {
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
    let _ = site.respond(&session, &mut browser).await?;

    let session = site.open(&browser).await?;
    expect("has of an unset value", &session.has("a"), &false)?;
    expect("has of a flash", &session.has("f"), &true)?;
    session.clear()?;
    expect("len after clear", &session.len(), &0)?;
    expect("is_empty after clear", &session.is_empty(), &true)?;
    expect("has of a flash after clear", &session.has("f"), &false)?;
    session.set("c", "C")?;
    let _ = site.respond(&session, &mut browser).await?;
    site.holds("after clear and set", &browser, &["c"]).await?;
    let session = site.open(&browser).await?;
    expect("a flash after clear", &session.has("f"), &false)
}

pub(super) async fn a_value_hides_a_flash_of_the_same_name(cx: Context) -> Result {
    let (site, mut browser) = (Site::new(&cx), Browser::default());
    site.request(&mut browser, |session| session.flash("x", "flash")).await?;
    let session = site.open(&browser).await?;
    session.set("x", "value")?;
    gets("get where there are both", &session, "x", "value")?;
    session.unset("x")?;
    gets("get after unset of the value", &session, "x", "flash")
}

pub(super) async fn update_receives_the_current_value(cx: Context) -> Result {
    let (site, mut browser) = (Site::new(&cx), Browser::default());
    for count in 1..4 {
        let seen = site.request(&mut browser, |session| session.update("n", add_one)).await?;
        expect("what update returns", &seen, &Some(count))?;
    }
    let session = site.open(&browser).await?;
    session.update("n", add_one)?;
    session.update("n", add_one)?;
    gets("get after two updates", &session, "n", 5)?;
    let _ = site.respond(&session, &mut browser).await?;
    site.shows("the value afterwards", &browser, "n", 5).await?;
    let remove = |_: Option<u32>| None;
    let removed = site.request(&mut browser, |session| session.update("n", remove)).await?;
    expect("what an update to nothing returns", &removed, &None)?;
    let session = site.open(&browser).await?;
    expect("has afterwards", &session.has("n"), &false)
}

pub(super) async fn keys_and_values_may_be_any_text(cx: Context) -> Result {
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
        gets("a value under such a key", &session, text, text)?;
        session.unset(text)?;
    }
    let _ = site.respond(&session, &mut browser).await?;
    let session = site.open(&browser).await?;
    for text in texts {
        gets("a flash under such a key", &session, text, "flash")?;
    }
    Ok(())
}

pub(super) async fn debug_output_holds_no_id_and_no_value(cx: Context) -> Result {
    let site = Site::new(&cx);
    let browser = site.visitor().await?;
    let session = site.open(&browser).await?;
    session.set("secret", "hunter2")?;
    let id = session.id()?;
    let saved = site.save(&session).await?;
    for text in [
        format!("{id:?}"),
        format!("{session:?}"),
        format!("{saved:?}"),
        format!("{:?}", session.data()),
    ] {
        ensure(!text.contains(id.as_str()) && !text.contains("hunter2"), || {
            "Debug prints an id or a value".to_owned()
        })?;
    }
    Ok(())
}

pub(super) async fn a_closed_session_refuses_changes(cx: Context) -> Result {
    const CLOSED: ErrorKind = ErrorKind::Closed;
    let site = Site::new(&cx);
    let mut browser = site.visitor().await?;
    site.request(&mut browser, |session| session.flash("f", "hello")).await?;
    let session = site.open(&browser).await?;
    let _ = storage::close(&session);
    let _ = site.respond(&session, &mut browser).await?;
    gets("get after the response", &session, "n", 1)?;
    fails("set", session.set("n", &2), CLOSED)?;
    fails("unset", session.unset("n"), CLOSED)?;
    fails("flash", session.flash("n", &2), CLOSED)?;
    fails("clear", session.clear(), CLOSED)?;
    fails("keep_flash", session.keep_flash(), CLOSED)?;
    fails("destroy", session.destroy(), CLOSED)?;
    fails("restart", session.restart(), CLOSED)?;
    fails("regenerate_id", session.regenerate_id(), CLOSED)?;
    fails("get of a flash", session.get::<String>("f"), CLOSED)?;
    expect("the session", &keys(&session), &["n", "f"])?;
    site.shows("the flash, which still waits", &browser, "f", "hello").await
}
