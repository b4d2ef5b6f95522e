//! Unit tests of `src/body/write_ids.rs`.

use super::{WriteId, WriteIds};

fn ids(count: usize, now: u64) -> Vec<WriteId> {
    (0..count).map(|_| WriteId::new(now).unwrap()).collect()
}

#[test]
fn keeps_the_last_eight_of_two_minutes() {
    let first = WriteIds::default().after(ids(8, 1_000), 1_000);
    let newer = ids(1, 2_000);
    let list = first.after(newer.iter().copied(), 2_000);
    assert_eq!(list.len(), 8);
    assert!(list.contains(&newer[0]));
    assert!(!list.0.contains(&first.0[7]));
    assert_eq!(list.after(ids(1, 121_000), 121_000).len(), 8);
    assert_eq!(list.after(ids(1, 123_000), 123_000).len(), 1);
}

#[test]
fn an_id_from_a_clock_ahead_is_not_old() {
    let list = WriteIds::default().after(ids(1, 500_000), 1_000);
    assert_eq!(list.after(ids(1, 1_000), 1_000).len(), 2);
}

#[test]
fn knows_how_far_back_it_reaches() {
    let base = WriteIds::default().after(ids(1, 0), 0);
    let seven_more = base.after(ids(7, 0), 0);
    assert!(seven_more.reach_back_to(&base));
    assert!(!base.after(ids(8, 0), 0).reach_back_to(&base));
}
