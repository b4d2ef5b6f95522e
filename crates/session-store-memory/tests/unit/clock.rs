//! Unit tests of `src/clock.rs`.

use super::*;

#[test]
fn a_lifetime_is_never_cut_short() {
    let clock = Clock::new();
    let end = deadline(clock.now(), Duration::from_secs(3600));
    clock.advance(Duration::from_secs(3500));
    assert!(clock.now() < end);
    clock.advance(Duration::from_secs(100));
    assert!(clock.now() >= end);
}

#[test]
fn the_longest_lifetime_never_ends() {
    let clock = Clock::new();
    let end = deadline(clock.now(), Duration::MAX);
    clock.advance(Duration::from_secs(100 * 365 * 24 * 3600));
    assert!(clock.now() < end);
}
