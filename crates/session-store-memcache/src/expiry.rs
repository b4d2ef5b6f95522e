//! How long memcached keeps a record.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest relative lifetime, in seconds. memcached takes a larger number as a Unix time.
const MAX_RELATIVE: u64 = 30 * 24 * 60 * 60;

/// The number for an item that never expires.
const NEVER: u64 = 0;

/// The exptime of a record that must live for at least `ttl`.
///
/// memcached counts the ticks of a clock that ticks once a second, so an item stored with 1 may be
/// gone within milliseconds. Hence the extra second. It stores the number in 32 bits with a sign,
/// and takes what does not fit for long past. Such a record never expires instead: it stays until
/// it is deleted or evicted.
pub(crate) fn exptime(ttl: Duration, now: SystemTime) -> u64 {
    let seconds = whole_seconds(ttl).saturating_add(1);
    if seconds <= MAX_RELATIVE {
        return seconds;
    }
    let Ok(now) = now.duration_since(UNIX_EPOCH) else {
        return NEVER;
    };
    let end = whole_seconds(now).saturating_add(seconds);
    match i32::try_from(end) {
        Ok(_) => end,
        Err(_) => NEVER,
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}

#[cfg(test)]
#[path = "../tests/unit/expiry.rs"]
mod tests;
