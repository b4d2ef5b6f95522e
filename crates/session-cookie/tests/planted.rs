//! Cookies of the name that someone else has planted, or that an earlier release has left, must not
//! hide the real one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use session_cookie::{CookieStorage, CookieValue, Secret, SessionCookie};
use session_core::{CookieContent, SessionStorage};

const NAME: &str = "__Secure-shop";
const NOW: SystemTime = UNIX_EPOCH;
const DAY: Duration = Duration::from_secs(86_400);

fn cookie() -> SessionCookie {
    SessionCookie::new(Secret::random().unwrap()).unwrap().name(NAME).unwrap()
}

/// The `name=value` pairs that a browser sends after `cookie` was set to `value`.
fn pairs(cookie: &SessionCookie, value: &str) -> Vec<String> {
    let content = CookieStorage::new().content();
    let lines = cookie.set(value, content, Some(DAY), NOW + DAY, 0).unwrap();
    lines.iter().map(|line| line.split(';').next().unwrap().to_owned()).collect()
}

fn read<'h>(cookie: &SessionCookie, header: &'h str) -> CookieValue<'h> {
    cookie.read([header.as_bytes()], CookieContent::Data, NOW)
}

fn signed(cookie: &SessionCookie, id: &str) -> String {
    format!("{NAME}={}", cookie.encode(id, CookieContent::Id, NOW).unwrap())
}

/// All valid ids.
fn ids(cookie: &SessionCookie, header: &str) -> Vec<String> {
    let values = cookie.read_all([header.as_bytes()], CookieContent::Id, NOW);
    values.iter().filter_map(CookieValue::value).map(str::to_owned).collect()
}

/// Everything that someone without the real cookie can plant next to it: junk, and parts of values
/// that the server has made for them.
fn planted_pairs(cookie: &SessionCookie) -> Vec<String> {
    let mut planted = Vec::new();
    for number in 0..8 {
        let name = match number {
            0 => NAME.to_owned(),
            number => format!("{NAME}.{number}"),
        };
        let tagged = format!("k3.AAAAAAAA.{}", "A".repeat(60));
        for value in ["x", "k2.", "k3.x", "AAAAAAAA.", "AAAAAAAA.AAAA", "e1.", "", &tagged] {
            planted.push(format!("{name}={value}"));
        }
    }
    let theirs = pairs(cookie, &"theirs".repeat(1_300));
    assert_eq!(theirs.len(), 3);
    planted.extend(theirs);
    planted
}

#[test]
fn a_planted_part_does_not_hide_a_value_in_chunks() {
    let cookie = cookie().chunks(8).unwrap();
    for length in [4_000, 8_000] {
        let value = "ours".repeat(length / 4);
        let real = pairs(&cookie, &value);
        for planted in planted_pairs(&cookie) {
            for place in 0..=real.len() {
                let mut header = real.clone();
                header.insert(place, planted.clone());
                let header = header.join("; ");
                let found = read(&cookie, &header);
                assert_eq!(found.value(), Some(value.as_str()), "{planted:.40} at {place}");
            }
        }
    }
}

#[test]
fn two_planted_parts_in_all_places_do_not_hide_a_value_in_chunks() {
    let cookie = cookie().chunks(3).unwrap();
    let value = "ours".repeat(2_000);
    let real = pairs(&cookie, &value);
    let planted = planted_pairs(&cookie);
    for (one, two) in planted.iter().flat_map(|one| planted.iter().map(move |two| (one, two))) {
        for (first, second) in [(0, 0), (0, 2), (0, 4), (1, 3), (2, 2), (3, 4)] {
            let mut header = real.clone();
            header.insert(first, one.clone());
            header.insert(second, two.clone());
            let header = header.join("; ");
            assert_eq!(read(&cookie, &header).value(), Some(value.as_str()), "{one:.40} {two:.40}");
        }
    }
}

#[test]
fn all_chunks_of_two_values_are_told_apart_in_any_order() {
    let cookie = cookie().chunks(3).unwrap();
    let (ours, theirs) = ("ours".repeat(1_000), "them".repeat(1_000));
    let mut header = pairs(&cookie, &ours);
    header.extend(pairs(&cookie, &theirs));
    assert_eq!(header.len(), 4);
    for (one, two) in (0..4).flat_map(|one| (0..4).map(move |two| (one, two))) {
        header.swap(one, two);
        let text = header.join("; ");
        let found = cookie.read_all([text.as_bytes()], CookieContent::Data, NOW);
        let found: HashSet<_> = found.iter().filter_map(CookieValue::value).collect();
        assert_eq!(found, HashSet::from([ours.as_str(), theirs.as_str()]));
    }
}

#[test]
fn junk_of_the_name_does_not_hide_the_real_one() {
    let cookie = cookie();
    let real = signed(&cookie, "an-id");
    for junk in [
        "x".to_owned(),
        "s1.x.y".to_owned(),
        "k2.AAAAAAAA.x".to_owned(),
        "\"".to_owned(),
        "x".repeat(70 * 1024),
        format!("s1.{}.{}", "x".repeat(70 * 1024), "A".repeat(43)),
    ] {
        let count = if junk.len() > 100 { 2 } else { 1_000 };
        let header = format!("{}{real}", format!("{NAME}={junk}; ").repeat(count));
        assert_eq!(ids(&cookie, &header), ["an-id"], "{junk:.20}");
    }
}

#[test]
fn a_long_cookie_of_another_application_hides_nothing() {
    let cookie = cookie();
    let real = signed(&cookie, "an-id");
    let long = format!("other={}", "x".repeat(70 * 1024));
    for headers in [&[&long, &real][..], &[&real, &long], &[&format!("{long}; {real}; {long}")]] {
        let headers = headers.iter().map(|header| header.as_bytes());
        let found = cookie.read(headers, CookieContent::Id, NOW);
        assert_eq!(found.value(), Some("an-id"));
    }
}

/// The bound, so that one request cannot make the server verify without end.
#[test]
fn at_most_64_forged_cookies_are_verified() {
    let cookie = cookie();
    let real = signed(&cookie, "an-id");
    let forged = format!("{NAME}=s1.an-id.{}; ", "A".repeat(43));
    let header = |count| format!("{}{real}", forged.repeat(count));
    assert_eq!(SessionCookie::MAX_VERIFIED, 64);
    assert_eq!(ids(&cookie, &header(63)), ["an-id"]);
    assert_eq!(ids(&cookie, &header(64)), [""; 0]);
    assert_eq!(read_id(&cookie, &header(64)), CookieValue::Forged);
}

fn read_id<'h>(cookie: &SessionCookie, header: &'h str) -> CookieValue<'h> {
    cookie.read([header.as_bytes()], CookieContent::Id, NOW)
}

#[test]
fn all_valid_values_are_returned_once_and_in_order() {
    let cookie = cookie();
    let pairs = ["a", "x", "b", "a", "c"].map(|id| match id {
        "x" => format!("{NAME}=s1.x.{}", "A".repeat(43)),
        id => signed(&cookie, id),
    });
    assert_eq!(ids(&cookie, &pairs.join("; ")), ["a", "b", "c"]);
    let many: Vec<_> = (0..20).map(|n| signed(&cookie, &n.to_string())).collect();
    let found = ids(&cookie, &many.join("; "));
    assert_eq!(found, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(found.len(), SessionCookie::MAX_VALID);
}

#[test]
fn without_a_valid_value_there_is_one_failure() {
    let cookie = cookie();
    let all = |header: &str| {
        let found = cookie.read_all([header.as_bytes()], CookieContent::Id, NOW);
        found.into_iter().map(CookieValue::into_owned).collect::<Vec<_>>()
    };
    let forged = format!("{NAME}=s1.x.{}", "A".repeat(43));
    assert_eq!(all(""), [CookieValue::Missing]);
    assert_eq!(all(&format!("{NAME}=x; {forged}; {NAME}=x")), [CookieValue::Forged]);
}
