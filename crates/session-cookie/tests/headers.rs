//! The `Set-Cookie` lines that a browser gets, and the `Cookie` headers that it sends back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use session_cookie::{CookieValue, SameSite, SessionCookie};
use session_core::{CookieContent, Error};

const SECRET: &str = "a secret of thirty-two bytes, ok";
const NAME: &str = "__Host-session";
const NOW: SystemTime = UNIX_EPOCH;
const DAY: Duration = Duration::from_secs(86_400);

fn cookie() -> SessionCookie {
    SessionCookie::new(SECRET).unwrap()
}

fn set(cookie: &SessionCookie, value: &str, previous_chunks: usize) -> Vec<String> {
    let content = CookieContent::Data;
    cookie.set(value, content, Some(DAY), NOW + DAY, previous_chunks).unwrap()
}

fn read<'h>(cookie: &SessionCookie, header: &'h str) -> CookieValue<'h> {
    cookie.read([header.as_bytes()], CookieContent::Data, NOW)
}

/// The `name=value` of each line, as a browser sends them back.
fn pairs(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split(';').next().unwrap()).collect()
}

/// The attributes of a line, after the value.
fn attributes(line: &str) -> &str {
    line.split_once("; ").unwrap().1
}

#[test]
fn attributes_match_the_configuration() {
    let cases = [
        (cookie(), "Max-Age=86400; Path=/; HttpOnly; Secure; SameSite=Lax"),
        (
            cookie().domain("a.example").unwrap().path("/b").unwrap(),
            "Max-Age=86400; Path=/b; Domain=a.example; HttpOnly; Secure; SameSite=Lax",
        ),
        (
            cookie().same_site(SameSite::None).unwrap().partitioned().unwrap(),
            "Max-Age=86400; Path=/; HttpOnly; Secure; SameSite=None; Partitioned",
        ),
        (
            cookie().same_site(SameSite::Strict).unwrap().insecure().unwrap(),
            "Max-Age=86400; Path=/; HttpOnly; SameSite=Strict",
        ),
    ];
    for (cookie, expected) in cases {
        assert_eq!(attributes(&set(&cookie, "x", 0)[0]), expected);
    }
}

#[test]
fn a_cookie_without_a_max_age_has_no_expiry() {
    let lines = cookie().set("x", CookieContent::Id, None, NOW, 0).unwrap();
    assert_eq!(attributes(&lines[0]), "Path=/; HttpOnly; Secure; SameSite=Lax");
}

#[test]
fn max_age_is_rounded_up() {
    let age = Some(Duration::from_millis(1500));
    let lines = cookie().set("x", CookieContent::Id, age, NOW, 0).unwrap();
    assert!(attributes(&lines[0]).starts_with("Max-Age=2; "));
}

/// Browsers cap the lifetime of a cookie at 400 days.
#[test]
fn max_age_is_at_most_400_days() {
    for (days, expected) in [(399, 399), (400, 400), (401, 400), (730, 400), (u32::MAX, 400)] {
        let content = CookieContent::Id;
        let lines = cookie().set("id", content, Some(days * DAY), NOW, 0).unwrap();
        let expected = format!("; Max-Age={}; ", expected * 86_400);
        assert!(lines[0].contains(&expected), "{lines:?}");
    }
    let lines = cookie().set("id", CookieContent::Id, Some(Duration::MAX), NOW, 0);
    assert!(lines.unwrap()[0].contains("; Max-Age=34560000; "));
}

#[test]
fn removal_repeats_the_attributes() {
    let cookie = cookie().domain("a.example").unwrap().path("/b").unwrap();
    assert_eq!(
        cookie.remove(0),
        ["__Secure-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/b; \
             Domain=a.example; HttpOnly; Secure; SameSite=Lax"]
    );
}

#[test]
fn the_first_cookie_that_verifies_wins() {
    let cookie = cookie();
    let (one, two) = (set(&cookie, "one", 0), set(&cookie, "two", 0));
    let (one, two) = (pairs(&one)[0], pairs(&two)[0]);
    let header = format!("__Host-session=; __Host-session=planted; {one}; {two}");
    assert_eq!(read(&cookie, &header).value(), Some("one"));
}

#[test]
fn the_result_says_why_a_cookie_was_rejected() {
    let cookie = cookie();
    let line = &set(&cookie, "one", 0)[0];
    let pair = line.split(';').next().unwrap();
    assert_eq!(read(&cookie, ""), CookieValue::Missing);
    assert_eq!(read(&cookie, "session=x"), CookieValue::Missing);
    assert_eq!(read(&cookie, "__host-session=x"), CookieValue::Missing);
    assert_eq!(read(&cookie, "__Host-session="), CookieValue::Missing);
    assert_eq!(read(&cookie, "__Host-session=x"), CookieValue::Malformed);
    let others = SessionCookie::new("another secret of thirty-two b..").unwrap();
    assert_eq!(read(&others, pair), CookieValue::Forged);
    let late = cookie.read([pair.as_bytes()], CookieContent::Data, NOW + DAY);
    assert_eq!(late, CookieValue::Expired);
}

#[test]
fn a_cookie_that_browsers_would_drop_is_an_error_with_both_sizes() {
    let cookie = cookie();
    let fits =
        |length| cookie.set(&"x".repeat(length), CookieContent::Data, Some(DAY), NOW + DAY, 0);
    let longest = (0..4096).rev().find(|&length| fits(length).is_ok()).unwrap();
    let lines = fits(longest).unwrap();
    assert!((4093..=4096).contains(&lines[0].len()));
    let error = fits(longest + 1).unwrap_err();
    let Error::TooLarge { size, limit, .. } = &error else { panic!("{error}") };
    assert!(*size > 4096 && *limit == 4096);
    assert!(error.to_string().contains("limit is 4096"), "{error}");
}

#[test]
fn chunks_can_be_read_in_any_order() {
    let cookie = cookie().chunks(3).unwrap();
    for length in [0, 10, 2900, 3100, 6000, 8800] {
        let value = "x".repeat(length);
        let lines = set(&cookie, &value, 0);
        assert!(lines.iter().all(|line| line.len() <= 4096));
        let mut pairs = pairs(&lines);
        assert_eq!(read(&cookie, &pairs.join("; ")).value(), Some(value.as_str()));
        pairs.reverse();
        assert_eq!(read(&cookie, &pairs.join("; ")).value(), Some(value.as_str()));
        let headers = || pairs.iter().map(|pair| pair.as_bytes());
        assert_eq!(cookie.chunk_count(headers()), lines.len());
        let opened = cookie.read(headers(), CookieContent::Data, NOW);
        assert_eq!(opened.value(), Some(value.as_str()));
    }
}

#[test]
fn more_than_the_chunks_hold_is_an_error() {
    let cookie = cookie().chunks(2).unwrap();
    let error = cookie.set(&"x".repeat(9000), CookieContent::Data, None, NOW, 0);
    let Err(Error::TooLarge { size, limit, .. }) = error else { panic!("it was set") };
    assert!(size > limit && limit == 8192);
}

#[test]
fn unused_chunks_are_removed() {
    let cookie = cookie().chunks(3).unwrap();
    let lines = set(&cookie, "small", 3);
    assert_eq!(pairs(&lines)[1..], ["__Host-session.1=", "__Host-session.2="]);
    assert!(lines[1].contains("; Max-Age=0; ") && lines[1].contains("; Secure; "));
    assert_eq!(pairs(&cookie.remove(2)), ["__Host-session=", "__Host-session.1="]);
}

#[test]
fn unused_chunks_are_ignored() {
    let cookie = cookie().chunks(3).unwrap();
    let (long, short) = ("x".repeat(8000), "y".repeat(4000));
    let (long, short) = (set(&cookie, &long, 0), set(&cookie, &short, 0));
    let (long, short) = (pairs(&long), pairs(&short));
    let header = format!("{}; {}; {}", short[0], short[1], long[2]);
    assert_eq!(read(&cookie, &header).value(), Some("y".repeat(4000).as_str()));
}

#[test]
fn chunks_of_two_values_do_not_mix() {
    let cookie = cookie().chunks(3).unwrap();
    let (one, two) = (set(&cookie, &"x".repeat(4000), 0), set(&cookie, &"y".repeat(4000), 0));
    let (one, two) = (pairs(&one), pairs(&two));
    assert_eq!(read(&cookie, &format!("{}; {}", one[0], two[1])), CookieValue::Malformed);
    // Not even with the tag of the first.
    let (name, part) = two[1].split_once('=').unwrap();
    let (_, tag) = one[0].split_once("=k2.").unwrap();
    let forged = format!("{name}={}{}", &tag[..9], &part[9..]);
    assert_eq!(read(&cookie, &format!("{}; {forged}", one[0])), CookieValue::Forged);
    assert_eq!(read(&cookie, one[0]).value(), None);
    assert_eq!(read(&cookie, one[1]), CookieValue::Missing);
}

#[test]
fn the_second_set_of_chunks_is_tried_too() {
    let cookie = cookie().chunks(3).unwrap();
    let one = set(&cookie, &"x".repeat(4000), 0);
    let pairs = pairs(&one);
    let planted = "__Host-session=k2.AAAAAAAA.e1.planted; __Host-session.1=AAAAAAAA.planted";
    let header = format!("{planted}; {}; {}", pairs[0], pairs[1]);
    assert_eq!(read(&cookie, &header).value(), Some("x".repeat(4000).as_str()));
}

#[test]
fn the_chunk_count_in_the_cookie_is_not_trusted() {
    let allowing = cookie().chunks(3).unwrap();
    let lines = set(&allowing, &"x".repeat(8000), 0);
    let header = pairs(&lines).join("; ");
    assert_eq!(read(&cookie().chunks(2).unwrap(), &header).value(), None);
    assert_eq!(read(&cookie(), &header), CookieValue::Malformed);
    for count in ["k0.", "k1.", "k2.", "k4.", "k9.", "k99.", "k-1."] {
        let header = header.replacen("k3.", count, 1);
        assert_eq!(read(&allowing, &header).value(), None, "{count}");
    }
}

#[test]
fn unusual_but_valid_headers_are_read() {
    let text = cookie().encode("an-id", CookieContent::Id, SystemTime::now()).unwrap();
    for header in [
        format!(" a=1;{NAME} = {text} ;; novalue; =x; c=; d=\"q\"; e=\";"),
        format!("{NAME}=\"{text}\""),
        format!("{NAME}=; {NAME}=f=g=h=; {NAME}={text}"),
        format!("novalue;{NAME}\t=\t{text}\t"),
    ] {
        let found = cookie().read([header.as_bytes()], CookieContent::Id, SystemTime::now());
        assert_eq!(found.value(), Some("an-id"), "{header}");
    }
}
