//! Unit tests of `src/store.rs`.

use super::*;

#[tokio::test]
async fn shards_stay_equally_full() {
    let store = MemoryStore::builder().max_bytes(8 << 20).build();
    let shards = store.shared.shards.len();
    assert_eq!(shards, 8);
    let mut random = 1_u64;
    for _ in 0..100_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&random.to_be_bytes());
        // Mostly small, and now and then as large as a hundred of those.
        let len = if random >> 40 & 63 == 0 { 40_000 } else { 400 };
        let key = RecordKey::from_digest(digest);
        let day = Duration::from_secs(86_400);
        let put = store.put(&key, vec![0; len].into(), day, Condition::IfAbsent);
        assert_ne!(put.await.unwrap(), PutOutcome::Refused);
    }
    let average = store.len() / shards;
    for place in 0..shards {
        let len = store.shared.lock(place).len();
        assert!(len.abs_diff(average) <= average / 10, "{len} of {average}");
    }
}
