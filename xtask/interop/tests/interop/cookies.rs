//! Signed cookies: one side signs and the other verifies, also while secrets are rotated.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use session_cookie::{CookieValue, SessionCookie};
use session_core::{CookieContent, Error};

use crate::remix::Remix;
use crate::site::{NAME, SECRET, Site};

fn remix(secrets: &[&str]) -> Remix {
    Remix::start(&json!({"storage": "cookie", "name": NAME, "cookie": {"secrets": secrets}}))
}

fn rust(secrets: &[&str]) -> SessionCookie {
    let cookie = SessionCookie::remix_compatible(secrets).unwrap();
    assert_eq!(cookie.cookie_name(), NAME);
    cookie
}

fn signed_by_rust(cookie: &SessionCookie, value: &str) -> String {
    let content = CookieContent::Id;
    let lines = cookie.set(value, content, None, SystemTime::now(), 0);
    pair(&lines.unwrap()[0])
}

/// The `name=value` that a browser sends after it received `line`.
fn pair(line: &str) -> String {
    line.split(';').next().unwrap().to_owned()
}

fn read(cookie: &SessionCookie, header: &str) -> Option<String> {
    let opened = cookie.read([header.as_bytes()], CookieContent::Id, UNIX_EPOCH);
    opened.value().map(str::to_owned)
}

const VALUES: &[&str] = &[
    "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "a",
    "ab",
    "abc",
    "???>>>~~~",
    "héllo ☃ 🎉 \u{10ffff}",
    "%41 + %E9 %u263A \"quoted\"; a=b, c\\",
    "{\"i\":\"x\",\"d\":[{\"a\":\"\\u0000\\ud83c\\udf89\"},{}]}",
    "\0\u{1}\r\n\u{7f}",
];

#[test]
fn each_side_verifies_the_others_signature() {
    let (remix, rust) = (remix(&[SECRET]), rust(&[SECRET]));
    for value in VALUES {
        let theirs = pair(&remix.serialize(value));
        let ours = signed_by_rust(&rust, value);
        assert_eq!(theirs, ours);
        assert_eq!(read(&rust, &theirs).as_deref(), Some(*value));
        assert_eq!(remix.parse(&ours).as_deref(), Some(*value));
    }
}

#[test]
fn secrets_can_be_rotated() {
    let (old, both, new) = (remix(&["old"]), remix(&["new-é🎉", "old"]), remix(&["new-é🎉"]));
    let ours = [rust(&["old"]), rust(&["new-é🎉", "old"]), rust(&["new-é🎉"])];
    let [ours_old, ours_both, ours_new] = &ours;
    let value = "f47ac10b-58cc-4372-a567-0e02b2c3d479";

    // Signed before the rotation: accepted as long as the old secret is configured.
    let before = pair(&old.serialize(value));
    assert_eq!(signed_by_rust(ours_old, value), before);
    let accepted = |header: &str| ours.each_ref().map(|cookie| read(cookie, header).is_some());
    assert_eq!(accepted(&before), [true, true, false]);
    assert!(old.parse(&before).is_some() && both.parse(&before).is_some());
    assert_eq!(new.parse(&before), None);

    // The first secret signs.
    let after = pair(&both.serialize(value));
    assert_eq!(signed_by_rust(ours_both, value), after);
    assert_eq!(signed_by_rust(ours_new, value), after);
    assert_eq!(accepted(&after), [false, true, true]);
    assert!(both.parse(&after).is_some() && new.parse(&after).is_some());
    assert_eq!(old.parse(&after), None);
}

#[test]
fn changed_cookies_are_refused() {
    let (remix, rust) = (remix(&[SECRET]), rust(&[SECRET]));
    let header = pair(&remix.serialize("f47ac10b"));
    let dot = header.rfind('.').unwrap();
    let mut changed = vec![
        header[..dot].to_owned(),
        header[..=dot].to_owned(),
        header[..header.len() - 1].to_owned(),
        header.replacen("ZjQ3", "ZjQ4", 1),
        format!("{header}x"),
    ];
    for at in [dot + 1, header.len() - 2] {
        let mut other = header.clone();
        let swap = if header.as_bytes()[at] == b'A' { "B" } else { "A" };
        other.replace_range(at..=at, swap);
        changed.push(other);
    }
    for header in changed {
        assert_eq!(remix.parse(&header), None, "{header}");
        assert_eq!(read(&rust, &header), None, "{header}");
    }
}

/// A browser sends several cookies with one name if their paths or domains differ, or if one was
/// planted.
#[test]
fn of_several_cookies_remix_uses_the_last_and_rust_the_first_that_verifies() {
    let (remix, rust) = (remix(&[SECRET]), rust(&[SECRET]));
    let (a, b) = (signed_by_rust(&rust, "a"), signed_by_rust(&rust, "b"));
    let both = format!("{a}; {b}");
    assert_eq!(remix.parse(&both).as_deref(), Some("b"));
    assert_eq!(read(&rust, &both).as_deref(), Some("a"));
    let planted = format!("{a}; {NAME}=planted");
    assert_eq!(remix.parse(&planted), None);
    assert_eq!(read(&rust, &planted).as_deref(), Some("a"));
}

#[test]
fn an_empty_cookie_is_treated_as_missing() {
    let (remix, rust) = (remix(&[SECRET]), rust(&[SECRET]));
    let empty = pair(&remix.serialize(""));
    assert_eq!(empty, "__session=");
    let opened = rust.read([empty.as_bytes()], CookieContent::Id, UNIX_EPOCH);
    assert_eq!(opened, CookieValue::Missing);
}

#[test]
fn rust_sets_stricter_attributes() {
    let value = "f47ac10b";
    let theirs = remix(&[SECRET]).serialize(value);
    let attributes = theirs.split_once("; ").unwrap().1;
    assert_eq!(attributes, "Path=/; SameSite=Lax");
    let (content, week) = (CookieContent::Id, Duration::from_secs(604_800));
    let ours = rust(&[SECRET]).set(value, content, Some(week), UNIX_EPOCH, 0);
    let ours = &ours.unwrap()[0];
    let attributes = ours.split_once("; ").unwrap().1;
    assert_eq!(attributes, "Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax");
}

/// Browsers drop a cookie of more than 4096 bytes. remix sends it anyway.
#[tokio::test]
async fn a_cookie_that_is_too_large_is_an_error_in_rust() {
    let mut site = Site::cookie().await;
    let text = "x".repeat(4096);
    let response = site.remix.request(None, &json!([["set", "text", text]]));
    assert!(response.cookies[0].len() > 4096);
    let session = site.rust_open().await;
    session.set("text", &text).unwrap();
    let error = site.rust_close(session).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
}
