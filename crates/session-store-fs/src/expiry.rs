//! When a record expires. Its file's modification time says so.

use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The fraction of a second, in nanoseconds, that marks a modification time as an expiry set by
/// this store.
///
/// It is not zero, because a file system with coarse times, or a restored backup, gives that to any
/// file. It is whole microseconds, because some file systems keep no more. A file that loses the
/// mark counts as unmarked, and is kept for longer.
const MARK: u32 = 373_737_000;

/// The longest ttl that a modification time can express: ext4 ends in 2446, XFS in 2486.
const LONGEST: Duration = Duration::from_secs(400 * 365 * 24 * 3600);

/// The modification time for a record that is written now: the first marked one after `ttl`.
pub(crate) fn expires_at(now: SystemTime, ttl: Duration) -> SystemTime {
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let end = since_epoch.saturating_add(ttl.min(LONGEST));
    let round_up = u64::from(end.subsec_nanos() > MARK);
    UNIX_EPOCH + Duration::new(end.as_secs() + round_up, MARK)
}

/// Whether the file has expired. An unmarked one expires once nothing wrote it for
/// `unmarked_lifetime`.
pub(crate) fn is_expired(file: &Metadata, now: SystemTime, unmarked_lifetime: Duration) -> bool {
    // Unix always knows the time; a file without one would be kept.
    let modified = file.modified();
    modified.is_ok_and(|modified| has_passed(modified, now, unmarked_lifetime))
}

fn has_passed(modified: SystemTime, now: SystemTime, unmarked_lifetime: Duration) -> bool {
    let since_epoch = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    if since_epoch.subsec_nanos() == MARK {
        return modified <= now;
    }
    let age = now.duration_since(modified);
    age.is_ok_and(|age| age > unmarked_lifetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn an_expiry_is_marked_and_never_early() {
        for nanos in [0, 1, MARK - 1, MARK, MARK + 1, 999_999_999] {
            let now = UNIX_EPOCH + Duration::new(1_800_000_000, nanos);
            let end = expires_at(now, HOUR);
            let late = end.duration_since(now + HOUR).unwrap();
            assert!(late < Duration::from_secs(1));
            assert!(!has_passed(end, now + HOUR - Duration::from_nanos(1), HOUR));
            assert!(has_passed(end, now + HOUR + Duration::from_secs(1), HOUR));
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
}
