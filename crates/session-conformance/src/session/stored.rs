//! What stands in the store: what others wrote there, what does not belong there, what must never be there.

use bytes::Bytes;
use session_core::{ErrorKind, RecordKey, SessionId};

use super::site::{Browser, Site, fails};
use crate::Failure;
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::{ensure, expect};
use crate::recorder::Recorder;

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", a_record_of_another_library_opens, "Users who logged in before the change of library are logged out.", [Records]),
    check!(Session, "session", numbers_and_nesting_are_untouched, "A price, or an id, comes back as another number.", [Records]),
    check!(Session, "session", a_body_under_another_key_is_an_error, "A visitor sees a stranger's session, because a connection mixed up two answers.", [Records]),
    check!(Session, "session", a_newer_format_is_an_error, "While a new version is rolled out, old servers destroy what new ones wrote.", [Records]),
    check!(Session, "session", a_damaged_body_is_an_error_and_stays, "A damaged record is taken for an empty session, and the rest of it is overwritten.", [Records]),
    check!(Session, "session", the_store_sees_no_id, "Whoever reads a backup of the database can log in as anybody.", [Records]),
];

/// A stored session: its browser, its key and its body.
async fn stored(site: &Site, store: &Recorder) -> Result<(Browser, RecordKey, Bytes)> {
    let browser = site.visitor().await?;
    let key = site.policy.record_key(&site.open(&browser).await?.id()?);
    let body = store.found("the record of a session", &key).await?.body;
    Ok((browser, key, body))
}

/// Puts `body` in the place of what stands at `key`.
async fn replace(store: &Recorder, key: &RecordKey, body: impl Into<Bytes>) -> Result {
    let version = store.found("the record", key).await?.version;
    store.update(key, body, &version).await.map(drop)
}

async fn a_record_of_another_library_opens(cx: Context) -> Result {
    const UUID: &str = "0b9d4a9c-3c1e-4d0e-9a43-3f0f7b2f7c11";
    let store = cx.store()?;
    let site = Site::new(&cx).policy(|policy| policy.foreign_ids(true));
    let id = SessionId::parse_foreign(UUID).ok_or_else(|| Failure::new("the check is wrong"))?;
    let body = r#"[{"userId":42,"cart":{"b":1,"a":[1.50,null]}},{"notice":"Saved!"}]"#;
    store.insert(&RecordKey::hashed(&id), body).await?;
    let mut browser = Browser::with(UUID);
    let session = site.open(&browser).await?;
    expect("is_new", &session.is_new(), &false)?;
    expect("a value", &session.get::<u32>("userId")?, &Some(42))?;
    let notice = session.get::<String>("notice")?;
    expect("a flash", &notice.as_deref(), &Some("Saved!"))?;
    session.set("more", "x")?;
    site.end(&session, &mut browser).await?;
    let body = store
        .found("the record", &RecordKey::hashed(&id))
        .await?
        .body;
    let json: serde_json::Value = serde_json::from_slice(&body)
        .map_err(|error| Failure::new(format!("the body is no JSON: {error}")))?;
    let length = json.as_array().map(Vec::len);
    expect("the elements of the body", &length, &Some(3))?;
    let untouched = String::from_utf8_lossy(&body).contains(r#"{"b":1,"a":[1.50,null]}"#);
    ensure(untouched, || {
        "a value that nobody touched was written differently".to_owned()
    })?;
    let seen = site.open(&browser).await?.get::<u32>("userId")?;
    expect("the value afterwards", &seen, &Some(42))
}

async fn numbers_and_nesting_are_untouched(cx: Context) -> Result {
    let (site, store) = (Site::new(&cx), cx.store()?);
    let numbers =
        r#"{"n":[12345678901234567890123,0.10,1e400,-0.0,1E2],"deep":[[[[{}]]]],"s":"\u00e9\/"}"#;
    let id = SessionId::random()?;
    let key = RecordKey::hashed(&id);
    store
        .insert(&key, format!(r#"[{{"x":{numbers}}},{{}}]"#))
        .await?;
    let mut browser = Browser::with(id.as_str());
    for step in 0..3 {
        site.request(&mut browser, |session| session.set("step", &step))
            .await?;
        let body = store.found("the record", &key).await?.body;
        ensure(String::from_utf8_lossy(&body).contains(numbers), || {
            format!("a value that nobody touched was written differently: {body:?}")
        })?;
    }
    Ok(())
}

async fn a_body_under_another_key_is_an_error(cx: Context) -> Result {
    let (site, store) = (Site::new(&cx), cx.store()?);
    let (_, _, theirs) = stored(&site, &store).await?;
    let (browser, key, mine) = stored(&site, &store).await?;
    let open = site.open(&browser).await?;
    replace(&store, &key, theirs).await?;
    let opened = site.try_open(&browser).await;
    fails(
        "a stranger's body under this key",
        opened,
        ErrorKind::Corrupt,
    )?;
    open.set("n", &2)?;
    let saved = site.save(&open).await;
    fails(
        "a save that meets a stranger's body",
        saved,
        ErrorKind::Corrupt,
    )?;
    replace(&store, &key, mine).await?;
    let seen = site.open(&browser).await?.get::<u32>("n")?;
    expect("with the right body again", &seen, &Some(1))
}

async fn a_newer_format_is_an_error(cx: Context) -> Result {
    let (site, store) = (Site::new(&cx), cx.store()?);
    let (browser, key, body) = stored(&site, &store).await?;
    let text = String::from_utf8_lossy(&body).into_owned();
    let newer = text.replace(r#"{"v":1,"#, r#"{"v":2,"#);
    ensure(newer != text, || {
        format!("the check finds no format version in {text}")
    })?;
    replace(&store, &key, newer.clone()).await?;
    let opened = site.try_open(&browser).await;
    fails("a record of a newer format", opened, ErrorKind::Corrupt)?;
    store
        .holds("the record afterwards", &key, newer.as_bytes())
        .await?;
    Ok(())
}

async fn a_damaged_body_is_an_error_and_stays(cx: Context) -> Result {
    let (site, store) = (Site::new(&cx), cx.store()?);
    let (browser, key, body) = stored(&site, &store).await?;
    let mut damaged: Vec<Bytes> = (0..body.len()).map(|end| body.slice(..end)).collect();
    let texts: [&[u8]; 10] = [
        b"null",
        b"{}",
        b"[]",
        b"[{}]",
        b"[{},{},{}]",
        b"[[],[]]",
        b"[{\"a\":\"\xff\"},{}]",
        b"[{\"a\":NaN},{}]",
        b"\0",
        b"<html>502 Bad Gateway</html>",
    ];
    damaged.extend(texts.map(Bytes::from_static));
    let mut tail = body.to_vec();
    tail.extend_from_slice(b"]");
    damaged.push(tail.into());
    for damaged in damaged {
        replace(&store, &key, damaged.clone()).await?;
        let what = format!("a damaged body, {damaged:?}");
        fails(&what, site.try_open(&browser).await, ErrorKind::Corrupt)?;
    }
    let stays = "[{\"a\":1},{}";
    replace(&store, &key, stays).await?;
    fails(
        "one more",
        site.try_open(&browser).await,
        ErrorKind::Corrupt,
    )?;
    store
        .holds("the damaged record afterwards", &key, stays.as_bytes())
        .await?;
    Ok(())
}

async fn the_store_sees_no_id(cx: Context) -> Result {
    let (site, store) = (Site::new(&cx), cx.store()?);
    let mut browser = site.visitor().await?;
    let mut ids = vec![site.open(&browser).await?.id()?];
    let keep = std::time::Duration::from_secs(30);
    for _ in 0..2 {
        site.request(&mut browser, |session| {
            session.regenerate_id_keeping_old_for(keep)
        })
        .await?;
        ids.push(site.open(&browser).await?.id()?);
    }
    for id in &ids {
        let key = site.policy.record_key(id);
        expect("the plain id in the key", &key.plain(), &None)?;
        let body = store.found("a record", &key).await?.body;
        let text = String::from_utf8_lossy(&body).into_owned();
        let leaks = ids.iter().any(|id| text.contains(id.as_str()));
        ensure(!leaks, || "the body of a record holds an id".to_owned())?;
    }
    Ok(())
}
