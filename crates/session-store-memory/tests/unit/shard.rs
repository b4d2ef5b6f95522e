//! Unit tests of `src/shard.rs`.

use super::*;

const SLICE: usize = 64;

fn key(number: usize) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_le_bytes());
    key
}

/// The number is the version as well.
fn insert(shard: &mut Shard, usage: &Usage, number: usize, expires: u64) {
    let entry = Entry::new(b"body", number as u64, expires);
    assert!(shard.put(&key(number), entry, &Condition::IfAbsent, 0, usage));
}

fn xorshift(state: &mut usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state >> 8
}

#[test]
fn a_round_of_sweeping_misses_nothing_while_records_come_and_go() {
    const RECORDS: usize = 5_000;
    for seed in 1..=50 {
        let (mut shard, usage) = (Shard::default(), Usage::default());
        for number in 0..RECORDS {
            insert(&mut shard, &usage, number, 1 + (number % 3) as u64);
        }
        let (mut random, mut next, mut slices) = (seed, RECORDS, 0);
        let now = 2;
        loop {
            slices += 1;
            assert!(slices <= RECORDS, "the round has no end");
            let limit = 1 + xorshift(&mut random) % SLICE;
            let (removed, complete) = shard.sweep(SLICE, limit, now, &usage);
            assert!(removed.len() <= limit);
            assert!(removed.iter().all(|entry| !entry.is_live(now)));
            if complete {
                break;
            }
            // At times more goes than comes, so that the shard becomes smaller than the part
            // that the round has yet to look at.
            for _ in 0..xorshift(&mut random) % 30 {
                let number = xorshift(&mut random) % next;
                match xorshift(&mut random) % 4 {
                    0 => drop(shard.load(&key(number), now, &usage)),
                    1 => drop(shard.remove(&key(number), now, &usage)),
                    2 => drop(shard.evict(0, 0, now, &usage)),
                    _ => {
                        insert(&mut shard, &usage, next, 3);
                        next += 1;
                    }
                }
            }
        }
        let expired = shard.records.values().filter(|entry| !entry.is_live(now));
        assert_eq!(expired.count(), 0, "seed {seed}");
        assert_eq!(usage.records(), shard.records.len());
    }
}

#[test]
fn a_slice_looks_at_no_more_than_it_may_and_the_next_goes_on() {
    let (mut shard, usage) = (Shard::default(), Usage::default());
    for number in 0..10 * SLICE {
        insert(&mut shard, &usage, number, 9);
    }
    for slice in 1..=20 {
        let (removed, complete) = shard.sweep(SLICE, usize::MAX, 1, &usage);
        assert_eq!((removed.len(), complete), (0, slice % 10 == 0));
        assert_eq!(shard.unswept, (10 - slice % 10) % 10 * SLICE);
    }
}

#[test]
fn a_sweep_gives_memory_back() {
    let (mut shard, usage) = (Shard::default(), Usage::default());
    for number in 0..10_000 {
        insert(&mut shard, &usage, number, 1 + u64::from(number < 100));
    }
    let (removed, complete) = shard.sweep(usize::MAX, usize::MAX, 1, &usage);
    assert_eq!((removed.len(), complete), (9_900, true));
    assert!((100..1000).contains(&shard.records.capacity()));
    assert!((0..100).all(|number| shard.load(&key(number), 1, &usage).is_some()));
}

#[test]
fn eviction_comes_close_to_the_least_recently_used() {
    let (mut shard, usage) = (Shard::default(), Usage::default());
    for number in 0..1_000 {
        insert(&mut shard, &usage, number, 9);
    }
    for _ in 0..500 {
        assert!(shard.evict(0, u64::MAX, 1, &usage).is_some());
    }
    let is_there = |number: &usize| shard.records.contains_key(&key(*number));
    let (old, new) = ((0..250), (750..1000));
    assert!(old.filter(is_there).count() < 25);
    assert_eq!(new.filter(is_there).count(), 250);
}

#[test]
fn eviction_spares_the_record_just_written_and_shards_with_too_few() {
    let (mut shard, usage) = (Shard::default(), Usage::default());
    assert!(shard.evict(0, 7, 1, &usage).is_none());
    for number in [7, 8] {
        insert(&mut shard, &usage, number, 9);
    }
    assert!(shard.evict(3, 7, 1, &usage).is_none());
    assert_eq!(shard.evict(2, 7, 1, &usage).unwrap().version, 8);
    assert!(shard.evict(1, 7, 1, &usage).is_none());
    assert_eq!(usage.records(), 1);
}
