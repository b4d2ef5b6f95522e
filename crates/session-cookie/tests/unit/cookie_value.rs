//! Unit tests of `src/cookie_value.rs`.

use super::*;

#[test]
fn debug_hides_the_value() {
    let value = CookieValue::Valid("id".into());
    assert_eq!(format!("{value:?}"), "Valid(..)");
}

#[test]
fn the_first_valid_value_wins_over_earlier_failures() {
    let candidates = [
        CookieValue::Expired,
        CookieValue::Valid("first".into()),
        CookieValue::Valid("second".into()),
    ];
    let first = CookieValue::first_valid(candidates);
    assert_eq!(first.value(), Some("first"));
    assert_eq!(
        CookieValue::first_valid([CookieValue::Forged, CookieValue::Malformed]),
        CookieValue::Forged
    );
}
