//! Cookies of earlier releases are removed with each response that sets or removes the present one.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use session_cookie::{ConfigError, FormerCookie, SameSite, Secret, SessionCookie};
use session_core::CookieContent;

const NOW: SystemTime = UNIX_EPOCH;
const GONE: &str = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; ";

fn cookie() -> SessionCookie {
    SessionCookie::new(Secret::random().unwrap()).unwrap()
}

fn set(cookie: &SessionCookie) -> Vec<String> {
    let day = Duration::from_secs(86_400);
    cookie.set("an-id", CookieContent::Id, Some(day), NOW + day, 0).unwrap()
}

#[test]
fn former_cookies_are_removed_before_the_present_one_is_set_or_removed() {
    let cookie = cookie()
        .domain("shop.example")
        .unwrap()
        .former(FormerCookie::new("__Host-session"))
        .unwrap()
        .former(FormerCookie::new("__Secure-session").path("/app").domain("example"))
        .unwrap();
    let former = [
        format!("__Host-session=; {GONE}Path=/; HttpOnly; Secure; SameSite=Lax"),
        format!(
            "__Secure-session=; {GONE}Path=/app; Domain=example; HttpOnly; Secure; SameSite=Lax"
        ),
    ];
    let lines = set(&cookie);
    assert_eq!(lines[..2], former);
    assert!(lines[2].starts_with("__Secure-session=s1.an-id.") && lines.len() == 3);
    let lines = cookie.remove(0);
    assert_eq!(lines[..2], former);
    assert!(lines[2].starts_with("__Secure-session=; Max-Age=0; ") && lines.len() == 3);
}

#[test]
fn all_chunks_of_a_former_cookie_are_removed() {
    let cookie = cookie().former(FormerCookie::new("sid").path("/app").chunks(3)).unwrap();
    let lines = cookie.remove(0);
    let names: Vec<_> = lines.iter().filter_map(|line| line.split('=').next()).collect();
    assert_eq!(names, ["sid", "sid.1", "sid.2", "__Host-session"]);
}

#[test]
fn a_former_cookie_that_is_the_present_one_is_refused() {
    let same = |name: &str| ConfigError::SameFormer(name.to_owned());
    let host = FormerCookie::new("__Host-session");
    assert_eq!(cookie().former(host.clone()).unwrap_err(), same("__Host-session"));
    let shop = cookie().domain("Shop.example").unwrap().path("/app").unwrap();
    let former = FormerCookie::new("__Secure-session").path("/app").domain("shop.EXAMPLE");
    assert_eq!(shop.clone().former(former).unwrap_err(), same("__Secure-session"));
    // A later change of the present attributes is checked too.
    let shop = shop.former(FormerCookie::new("id")).unwrap().name("sid").unwrap();
    let former = FormerCookie::new("sid").domain("shop.example");
    assert!(shop.former(former).unwrap().path("/").is_err());
}

#[test]
fn what_differs_in_one_attribute_is_another_cookie() {
    let shop = cookie().name("sid").unwrap().domain("shop.example").unwrap();
    let same = FormerCookie::new("sid").domain("shop.example");
    assert!(shop.clone().former(same.clone()).is_err());
    for former in [
        FormerCookie::new("SID").domain("shop.example"),
        FormerCookie::new("sid"),
        FormerCookie::new("sid").domain("example"),
        same.clone().path("/app"),
        same.clone().partitioned(),
    ] {
        let lines = set(&shop.clone().former(former.clone()).unwrap());
        assert_eq!(lines.len(), 2, "{former:?}");
        assert_eq!(
            lines.first().unwrap().contains("; Partitioned"),
            former == same.clone().partitioned()
        );
    }
}

#[test]
fn invalid_attributes_of_a_former_cookie_are_refused() {
    for former in [
        FormerCookie::new(""),
        FormerCookie::new("a;b"),
        FormerCookie::new("a").path("app"),
        FormerCookie::new("a").path("/a;b"),
        FormerCookie::new("a").domain(".example"),
        FormerCookie::new("__Host-a").path("/app"),
        FormerCookie::new("__Host-a").domain("shop.example"),
        FormerCookie::new("a").chunks(0),
        FormerCookie::new("a").chunks(9),
    ] {
        assert!(cookie().former(former.clone()).is_err(), "{former:?}");
    }
}

/// A removal has the attributes with which browsers accept it.
#[test]
fn a_removal_is_secure_where_the_name_or_the_present_cookie_is() {
    let insecure = cookie().insecure().unwrap();
    let secure = cookie().same_site(SameSite::None).unwrap();
    for (cookie, name, is_secure) in [
        (&insecure, "sid", false),
        (&insecure, "__Host-session", true),
        (&insecure, "__Secure-session", true),
        (&secure, "session", true),
    ] {
        let lines = cookie.clone().former(FormerCookie::new(name)).unwrap().remove(0);
        assert_eq!(lines.first().unwrap().contains("; Secure"), is_secure, "{name}");
    }
}
