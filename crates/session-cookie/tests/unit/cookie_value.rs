//! Unit tests of `src/cookie_value.rs`.

use super::*;

#[test]
fn debug_hides_the_value() {
    let value = CookieValue::Valid("id".into());
    assert_eq!(format!("{value:?}"), "Valid(..)");
}

#[test]
fn the_failure_that_passed_more_checks_is_reported() {
    let better = |a: CookieValue<'static>, b| a.or_better(b);
    assert_eq!(better(CookieValue::Forged, CookieValue::Malformed), CookieValue::Forged);
    assert_eq!(better(CookieValue::Forged, CookieValue::Expired), CookieValue::Expired);
    assert_eq!(better(CookieValue::Missing, CookieValue::Malformed), CookieValue::Malformed);
}
