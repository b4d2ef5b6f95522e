//! Unit tests of `src/expiry.rs`.

use super::*;

#[test]
fn rounds_up_and_adds_one_tick() {
    let now = UNIX_EPOCH + Duration::from_millis(1_000_000_500);
    let day = 24 * 60 * 60;
    for (ttl, expected) in [
        (Duration::from_secs(1), 2),
        (Duration::from_millis(1001), 3),
        (Duration::from_secs(30 * day - 1), 30 * day),
        (Duration::from_secs(30 * day), 1_000_001 + 30 * day + 1),
        (Duration::from_secs(400 * day), 1_000_001 + 400 * day + 1),
        (Duration::from_secs(40_000 * day), NEVER),
        (Duration::MAX, NEVER),
    ] {
        assert_eq!(exptime(ttl, now), expected, "{ttl:?}");
    }
}
