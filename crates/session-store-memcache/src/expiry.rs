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
mod tests {
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
}
