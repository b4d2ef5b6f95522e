//! Unit tests of `src/placement.rs`.

use super::*;

const NAMES: [&str; 4] = ["10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211", "unix:/run/m.sock"];

fn key(n: u32) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, &n.to_be_bytes());
    hash.as_ref().try_into().unwrap()
}

fn place<'a>(names: &[&'a str], key: &[u8; 32]) -> &'a str {
    names.iter().max_by_key(|name| ServerHash::of(name).score(key)).unwrap()
}

/// These must never change: the records of a running system would move.
#[test]
fn known_answers() {
    assert_eq!(ServerHash::of(NAMES[0]), ServerHash(0xb357_94b2_c78f_9dce));
    assert_eq!(ServerHash::of(NAMES[0]).score(&[0; 32]).0, 0xbf72_7648_b2cd_bb43);
    let placed: Vec<usize> = (0..16)
        .map(|n| NAMES.iter().position(|name| *name == place(&NAMES, &key(n))).unwrap())
        .collect();
    assert_eq!(placed, [2, 3, 0, 1, 1, 2, 1, 0, 1, 2, 3, 3, 2, 2, 2, 1]);
}

#[test]
fn the_order_of_the_list_does_not_matter() {
    let mut shuffled = NAMES;
    shuffled.rotate_left(1);
    shuffled.swap(0, 1);
    assert!((0..1000).all(|n| place(&NAMES, &key(n)) == place(&shuffled, &key(n))));
}

#[test]
fn a_new_server_takes_its_share_and_moves_no_other_key() {
    const KEYS: u32 = 40_000;
    let moved = (0..KEYS)
        .filter(|n| {
            let (before, after) = (place(&NAMES[..3], &key(*n)), place(&NAMES, &key(*n)));
            assert!(after == before || after == NAMES[3], "{n} went from {before} to {after}");
            after != before
        })
        .count();
    let share = moved as f64 / f64::from(KEYS);
    assert!((0.24..0.26).contains(&share), "{share}");
}

#[test]
fn the_servers_get_equal_shares() {
    const KEYS: u32 = 40_000;
    for name in NAMES {
        let held = (0..KEYS).filter(|n| place(&NAMES, &key(*n)) == name).count();
        let share = held as f64 / f64::from(KEYS);
        assert!((0.24..0.26).contains(&share), "{name}: {share}");
    }
}
