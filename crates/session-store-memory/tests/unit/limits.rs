//! Unit tests of `src/limits.rs`.

use super::*;

#[test]
fn small_stores_have_one_shard_and_large_ones_64() {
    let shards = |records, bytes| Limits { records, bytes, ..Limits::default() }.shards();
    assert_eq!(Limits::default().shards(), 64);
    assert_eq!(shards(1, 0), 1);
    assert_eq!(shards(1023, 1 << 30), 1);
    assert_eq!(shards(1024, 1 << 30), 2);
    assert_eq!(shards(3600, 1 << 30), 4);
    assert_eq!(shards(1_000_000, (2 << 20) - 1), 1);
}
