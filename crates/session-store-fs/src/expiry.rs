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

/// How long a record is left alone after it has expired, so that the sweep of a server whose clock
/// is that much ahead deletes no session that lives.
const GRACE: Duration = Duration::from_secs(3600);

/// Whether a sweep may delete the file: it expired an hour ago, or it is unmarked and nothing wrote
/// it for `unmarked_lifetime`.
pub(crate) fn is_expired(file: &Metadata, now: SystemTime, unmarked_lifetime: Duration) -> bool {
    // Unix always knows the time; a file without one would be kept.
    let modified = file.modified();
    modified.is_ok_and(|modified| has_passed(modified, now, unmarked_lifetime))
}

fn has_passed(modified: SystemTime, now: SystemTime, unmarked_lifetime: Duration) -> bool {
    let Ok(age) = now.duration_since(modified) else { return false };
    let since_epoch = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    if since_epoch.subsec_nanos() == MARK { age >= GRACE } else { age > unmarked_lifetime }
}

#[cfg(test)]
#[path = "../tests/unit/expiry.rs"]
mod tests;
