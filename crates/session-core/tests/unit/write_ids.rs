//! Unit tests of `src/body/write_ids.rs`.

use super::{WriteId, WriteIds};

fn ids(count: usize) -> Vec<WriteId> {
    (0..count).map(|_| WriteId::random().unwrap()).collect()
}

#[test]
fn keeps_the_last_eight() {
    let first = WriteIds::default().with_newer(ids(8));
    let newer = ids(1);
    let list = first.with_newer(newer.iter().copied());
    assert_eq!(list.len(), 8);
    assert!(list.contains(&newer[0]));
    assert!(!list.0.contains(&first.0[7]));
}

#[test]
fn knows_how_far_back_it_reaches() {
    let base = WriteIds::default().with_newer(ids(1));
    let seven_more = base.with_newer(ids(7));
    assert!(seven_more.reach_back_to(&base));
    assert!(!base.with_newer(ids(8)).reach_back_to(&base));
}

#[test]
fn without_a_list_to_start_from_a_full_one_proves_nothing() {
    let none = WriteIds::default();
    assert!(none.with_newer(ids(7)).reach_back_to(&none));
    assert!(!none.with_newer(ids(8)).reach_back_to(&none));
}
