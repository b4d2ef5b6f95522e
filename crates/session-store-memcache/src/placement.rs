//! Which server holds a record: rendezvous hashing.
//!
//! Every server has a score for every key, and the highest wins. A server that is added takes over the keys that it scores
//! highest for, and no other key moves. The scores depend on the servers' names and the key alone: they are the same in every
//! process, in any order of the list, and in every version of this crate (a test pins them).

use ring::digest;

/// A server's part in its scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seat(u64);

impl Seat {
    /// The seat of the server with this name.
    pub(crate) fn of(name: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, name.as_bytes());
        let mut first = [0; 8];
        first
            .iter_mut()
            .zip(hash.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(u64::from_be_bytes(first))
    }

    /// How well this server suits the key with this digest; no two servers score the same.
    pub(crate) fn score(self, digest: &[u8; 32]) -> (u64, Self) {
        let [a, b, c, d, e, f, g, h, ..] = *digest;
        let point = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        (mix(self.0 ^ point), self)
    }
}

/// The finalizer of splitmix64: each bit of the input flips each bit of the output about half the time.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = [
        "10.0.0.1:11211",
        "10.0.0.2:11211",
        "10.0.0.3:11211",
        "unix:/run/m.sock",
    ];

    fn key(n: u32) -> [u8; 32] {
        let hash = digest::digest(&digest::SHA256, &n.to_be_bytes());
        hash.as_ref().try_into().unwrap()
    }

    fn place<'a>(names: &[&'a str], key: &[u8; 32]) -> &'a str {
        names
            .iter()
            .max_by_key(|name| Seat::of(name).score(key))
            .unwrap()
    }

    /// Records move if this changes: it never does.
    #[test]
    fn known_answers() {
        assert_eq!(Seat::of(NAMES[0]), Seat(0xb357_94b2_c78f_9dce));
        assert_eq!(Seat::of(NAMES[0]).score(&[0; 32]).0, 0xbf72_7648_b2cd_bb43);
        let placed: Vec<usize> = (0..16)
            .map(|n| {
                NAMES
                    .iter()
                    .position(|name| *name == place(&NAMES, &key(n)))
                    .unwrap()
            })
            .collect();
        assert_eq!(placed, [2, 3, 0, 1, 1, 2, 1, 0, 1, 2, 3, 3, 2, 2, 2, 1]);
    }

    #[test]
    fn the_order_of_the_list_does_not_matter() {
        let mut turned = NAMES;
        turned.rotate_left(1);
        turned.swap(0, 1);
        assert!((0..1000).all(|n| place(&NAMES, &key(n)) == place(&turned, &key(n))));
    }

    #[test]
    fn a_new_server_takes_its_share_and_moves_no_other_key() {
        const KEYS: u32 = 40_000;
        let moved = (0..KEYS)
            .filter(|n| {
                let (before, after) = (place(&NAMES[..3], &key(*n)), place(&NAMES, &key(*n)));
                assert!(
                    after == before || after == NAMES[3],
                    "{n} went from {before} to {after}"
                );
                after != before
            })
            .count();
        let share = moved as f64 / f64::from(KEYS);
        assert!((0.24..0.26).contains(&share), "{share}");
    }

    #[test]
    fn the_servers_share_evenly() {
        const KEYS: u32 = 40_000;
        for name in NAMES {
            let held = (0..KEYS)
                .filter(|n| place(&NAMES, &key(*n)) == name)
                .count();
            let share = held as f64 / f64::from(KEYS);
            assert!((0.24..0.26).contains(&share), "{name}: {share}");
        }
    }
}
