//! Unit tests of `src/expiry.rs`.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn an_expiry_is_marked_and_never_early() {
    for nanos in [0, 1, MARK - 1, MARK, MARK + 1, 999_999_999] {
        let now = UNIX_EPOCH + Duration::new(1_800_000_000, nanos);
        let end = expires_at(now, HOUR);
        let late = end.duration_since(now + HOUR).unwrap();
        assert!(late < Duration::from_secs(1));
        assert!(!has_passed(end, now + HOUR + GRACE - Duration::from_nanos(1), HOUR));
        assert!(has_passed(end, now + HOUR + GRACE + Duration::from_secs(1), HOUR));
    }
}

#[test]
fn an_unmarked_file_expires_after_its_last_write() {
    let written = UNIX_EPOCH + Duration::new(1_800_000_000, 0);
    assert!(!has_passed(written, written + HOUR, HOUR));
    assert!(has_passed(written, written + HOUR * 2, HOUR));
    let future = written + HOUR * 5;
    assert!(!has_passed(future, written, HOUR), "the writer's clock was ahead");
}

#[test]
fn the_longest_lifetime_does_not_overflow() {
    let end = expires_at(SystemTime::now(), Duration::MAX);
    assert!(!has_passed(end, SystemTime::now(), HOUR));
}
