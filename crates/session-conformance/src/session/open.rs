//! From a cookie to a session: `engine/open.rs`, `snapshot.rs` and `body/` of session-core.

use bytes::Bytes;
use session_core::{ErrorKind, RecordKey, SessionId};

use super::site::{Browser, IDLE, Site, fails, gets, sets_cookie};
use crate::Failure;
use crate::check::Result;
use crate::context::Context;
use crate::failure::{ensure, expect};
use crate::faulty::Fault;
use crate::recorder::Recorder;

/// Cookies that name no session.
pub(super) fn unknown_cookies() -> Result<Vec<String>> {
    let unknown = SessionId::random()?.as_str().to_owned();
    let long = "A".repeat(5000);
    let texts = ["", " ", "null", "[{},{}]", "{}", "\0", "../../etc/passwd", "k\u{f6}nig", &long];
    let texts = texts.map(str::to_owned);
    Ok([unknown].into_iter().chain(texts).collect())
}

pub(super) async fn an_unknown_id_is_not_adopted(cx: Context) -> Result {
    let site = Site::new(&cx);
    for planted in unknown_cookies()? {
        let browser = Browser::with(&planted);
        let session = site.open(&browser).await?;
        expect("is_new with an unknown cookie", &session.is_new(), &true)?;
        session.set("n", &1)?;
        let saved = site.save(&session).await?;
        let (new, _) = sets_cookie("the first data", &saved)?;
        ensure(new.cookie != browser.cookie, || {
            "the session took the cookie that the browser sent".to_owned()
        })?;
        site.holds_nothing("the planted cookie", &browser).await?;
    }
    Ok(())
}

pub(super) async fn a_session_says_whether_it_is_new(cx: Context) -> Result {
    let site = Site::new(&cx);
    let session = site.open(&Browser::default()).await?;
    expect("is_new without a cookie", &session.is_new(), &true)?;
    let browser = site.visitor().await?;
    let created = site.open(&browser).await?.created();
    site.pass(IDLE / 2);
    let session = site.open(&browser).await?;
    expect("is_new of a stored session", &session.is_new(), &false)?;
    expect("created", &session.created(), &created)?;
    let expires = site.policy.time().now() + IDLE;
    expect("expires", &session.expires(), &expires)
}

pub(super) async fn a_failed_load_is_an_error(cx: Context) -> Result {
    let (site, store) = Site::with_faults(&cx)?;
    let browser = site.visitor().await?;
    for (fault, kind) in
        [(Fault::Fails, ErrorKind::Unavailable), (Fault::LosesItsReply, ErrorKind::Timeout)]
    {
        store.plan(&[fault]);
        let opened = site.try_open(&browser).await;
        fails("a session that could not be loaded", opened, kind)?;
    }
    site.shows("the session afterwards", &browser, "n", 1).await
}

/// A stored session: its browser, its key and its body.
async fn stored(site: &Site, store: &Recorder) -> Result<(Browser, RecordKey, Bytes)> {
    let browser = site.visitor().await?;
    let key = site.policy.record_key(&site.open(&browser).await?.id()?);
    let body = store.found("the record of a session", &key).await?.body;
    Ok((browser, key, body))
}

/// Replaces the body of the record at `key`.
async fn replace(store: &Recorder, key: &RecordKey, body: impl Into<Bytes>) -> Result {
    let version = store.found("the record", key).await?.version;
    store.update(key, body, &version).await.map(drop)
}

pub(super) async fn a_record_of_remix_opens(cx: Context) -> Result {
    const UUID: &str = "0b9d4a9c-3c1e-4d0e-9a43-3f0f7b2f7c11";
    let store = cx.store()?;
    let site = Site::new(&cx).policy(|policy| policy.foreign_ids(true));
    let id = SessionId::parse_foreign(UUID).ok_or_else(|| Failure::new("the check is wrong"))?;
    let key = RecordKey::hashed(&id);
    let body = r#"[{"userId":42,"cart":{"b":1,"a":[1.50,null]}},{"notice":"Saved!"}]"#;
    store.insert(&key, body).await?;
    let mut browser = Browser::with(UUID);
    let session = site.open(&browser).await?;
    expect("is_new", &session.is_new(), &false)?;
    gets("a value", &session, "userId", 42)?;
    gets("a flash", &session, "notice", "Saved!")?;
    session.set("more", "x")?;
    let _ = site.respond(&session, &mut browser).await?;
    let body = store.found("the record", &key).await?.body;
    let json: serde_json::Value = serde_json::from_slice(&body)
        .map_err(|error| Failure::new(format!("the body is not JSON: {error}")))?;
    let length = json.as_array().map(Vec::len);
    expect("the elements of the body", &length, &Some(3))?;
    untouched(&body, r#"{"b":1,"a":[1.50,null]}"#)?;
    site.shows("the value afterwards", &browser, "userId", 42).await
}

/// Fails unless `body` contains a value exactly as it was before.
fn untouched(body: &Bytes, value: &str) -> Result {
    ensure(String::from_utf8_lossy(body).contains(value), || {
        format!("a value that no request changed was written differently: {body:?}")
    })
}

pub(super) async fn numbers_and_nesting_are_untouched(cx: Context) -> Result {
    let site = Site::new(&cx).policy(|policy| policy.foreign_ids(true));
    let store = cx.store()?;
    let numbers =
        r#"{"n":[12345678901234567890123,0.10,1e400,-0.0,1E2],"deep":[[[[{}]]]],"s":"\u00e9\/"}"#;
    let id = SessionId::random()?;
    let key = RecordKey::hashed(&id);
    let body = format!(r#"[{{"x":{numbers}}},{{}}]"#);
    store.insert(&key, body).await?;
    let mut browser = Browser::with(id.as_str());
    for step in 0..3 {
        site.request(&mut browser, |session| session.set("step", &step)).await?;
        untouched(&store.found("the record", &key).await?.body, numbers)?;
    }
    Ok(())
}

pub(super) async fn a_body_under_another_key_is_an_error(cx: Context) -> Result {
    const CORRUPT: ErrorKind = ErrorKind::Corrupt;
    let (site, store) = (Site::new(&cx), cx.store()?);
    let (_, _, theirs) = stored(&site, &store).await?;
    let (browser, key, mine) = stored(&site, &store).await?;
    let session = site.open(&browser).await?;
    replace(&store, &key, theirs).await?;
    let opened = site.try_open(&browser).await;
    fails("another session's body under this key", opened, CORRUPT)?;
    session.set("n", &2)?;
    let saved = site.save(&session).await;
    fails("a save that finds another session's body", saved, CORRUPT)?;
    replace(&store, &key, mine).await?;
    site.shows("with the right body again", &browser, "n", 1).await
}

pub(super) async fn a_newer_format_is_an_error(cx: Context) -> Result {
    let (site, store) = (Site::new(&cx), cx.store()?);
    let (browser, key, body) = stored(&site, &store).await?;
    let text = String::from_utf8_lossy(&body).into_owned();
    let newer = text.replace(r#"{"v":1,"#, r#"{"v":2,"#);
    ensure(newer != text, || format!("the check finds no format version in {text}"))?;
    replace(&store, &key, newer.clone()).await?;
    let opened = site.try_open(&browser).await;
    fails("a record of a newer format", opened, ErrorKind::Corrupt)?;
    let what = "the record afterwards";
    store.holds(what, &key, newer.as_bytes()).await.map(drop)
}

pub(super) async fn a_damaged_body_is_an_error_and_is_not_replaced(cx: Context) -> Result {
    let (site, store) = (Site::new(&cx), cx.store()?);
    let (browser, key, body) = stored(&site, &store).await?;
    let mut damaged: Vec<Bytes> = (0..body.len()).map(|end| body.slice(..end)).collect();
    let texts: [&[u8]; 11] = [
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
        b"[{\"a\":1},{}",
    ];
    damaged.push([&body[..], b"]"].concat().into());
    damaged.extend(texts.map(Bytes::from_static));
    for damaged in damaged {
        replace(&store, &key, damaged.clone()).await?;
        let what = format!("a damaged body, {damaged:?}");
        fails(&what, site.try_open(&browser).await, ErrorKind::Corrupt)?;
        let what = "the damaged record afterwards";
        store.holds(what, &key, &damaged).await?;
    }
    Ok(())
}

pub(super) async fn records_hold_no_id(cx: Context) -> Result {
    let (site, store) = (Site::new(&cx), cx.store()?);
    let mut browser = site.visitor().await?;
    let mut ids = vec![site.open(&browser).await?.id()?];
    let keep = std::time::Duration::from_secs(30);
    for _ in 0..2 {
        site.request(&mut browser, |session| session.regenerate_id_keeping_old_for(keep)).await?;
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
