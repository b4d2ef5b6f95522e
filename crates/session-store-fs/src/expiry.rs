//! When a file may be forgotten, kept as its modification time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The fraction of a second that marks a time as an expiry of ours. Not zero, which a coarse file system or a copied backup
/// gives to any file; and whole microseconds, which most file systems keep. Where it is lost, the file counts as
/// unmarked, and is kept for longer.
const MARK: u32 = 373_737_000;

/// The first marked moment at which a `ttl` that begins now has passed: less than a second later.
pub(crate) fn after(now: SystemTime, ttl: Duration) -> SystemTime {
    // As far as the file systems go: ext4 to 2446, XFS to 2486.
    const LONGEST: Duration = Duration::from_secs(400 * 365 * 24 * 3600);
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let end = since.saturating_add(ttl.min(LONGEST));
    let next = u64::from(end.subsec_nanos() > MARK);
    UNIX_EPOCH + Duration::new(end.as_secs() + next, MARK)
}

pub(crate) fn has_passed(modified: SystemTime, now: SystemTime, unmarked: Duration) -> bool {
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    if since.subsec_nanos() == MARK {
        modified <= now
    } else {
        now.duration_since(modified).is_ok_and(|age| age > unmarked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn an_expiry_is_marked_and_never_early() {
        for nanos in [0, 1, MARK - 1, MARK, MARK + 1, 999_999_999] {
            let now = UNIX_EPOCH + Duration::new(1_800_000_000, nanos);
            let end = after(now, HOUR);
            let late = end.duration_since(now + HOUR).unwrap();
            assert!(late < Duration::from_secs(1));
            assert!(!has_passed(end, now + HOUR - Duration::from_nanos(1), HOUR));
            assert!(has_passed(end, now + HOUR + Duration::from_secs(1), HOUR));
        }
    }

    #[test]
    fn another_file_lives_from_its_last_write() {
        let written = UNIX_EPOCH + Duration::new(1_800_000_000, 0);
        assert!(!has_passed(written, written + HOUR, HOUR));
        assert!(has_passed(written, written + HOUR * 2, HOUR));
        let ahead = written + HOUR * 5;
        assert!(!has_passed(ahead, written, HOUR), "its clock was ahead");
    }

    #[test]
    fn the_longest_lifetime_is_no_overflow() {
        let end = after(SystemTime::now(), Duration::MAX);
        assert!(!has_passed(end, SystemTime::now(), HOUR));
    }
}
