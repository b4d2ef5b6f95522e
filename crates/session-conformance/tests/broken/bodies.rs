//! Bodies that do not come back as they went in.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{Condition, RecordKey, RecordStore, StoreError, StoreErrorKind};

use super::plain::name;
use super::{Case, Flaw, Loaded, Plain, Put, case};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<EndsAtNul>("record/binary_bodies"),
        case::<EmptyIsNone>("record/empty_bodies"),
        case::<CutsAt64Kib>("record/large_bodies"),
        case::<LeavesTheTail>("record/a_shorter_body_leaves_no_tail"),
        case::<OversizedDestroys>("record/an_oversized_body_is_stored_whole_or_not_at_all"),
    ]
}

/// Takes the body for a C string.
#[derive(Debug, Default)]
struct EndsAtNul;

#[async_trait]
impl Flaw for EndsAtNul {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let end = body.iter().position(|byte| *byte == 0);
        let body = body.slice(..end.unwrap_or(body.len()));
        plain.put(key, body, ttl, condition).await
    }
}

/// Takes an empty body for no record.
#[derive(Debug, Default)]
struct EmptyIsNone;

#[async_trait]
impl Flaw for EmptyIsNone {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        let loaded = plain.load(key).await?;
        Ok(loaded.filter(|record| !record.body.is_empty()))
    }
}

/// Keeps bodies in a column of 64 KiB.
#[derive(Debug, Default)]
struct CutsAt64Kib;

#[async_trait]
impl Flaw for CutsAt64Kib {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let body = body.slice(..body.len().min(65_535));
        plain.put(key, body, ttl, condition).await
    }
}

/// Writes over the start of a file, and does not cut it.
#[derive(Debug, Default)]
struct LeavesTheTail;

#[async_trait]
impl Flaw for LeavesTheTail {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let old = plain.load(key).await?;
        let tail = old.and_then(|old| Some(old.body.get(body.len()..)?.to_vec()));
        let body = [body.to_vec(), tail.unwrap_or_default()].concat();
        plain.put(key, body.into(), ttl, condition).await
    }
}

/// Refuses what is too large, and the old record goes, as with memcached.
#[derive(Debug, Default)]
struct OversizedDestroys;

#[async_trait]
impl Flaw for OversizedDestroys {
    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        if body.len() > 1 << 20 {
            plain.lock().records.remove(&name(key));
            return Err(StoreError::new(
                StoreErrorKind::TooLarge,
                "object too large for cache",
            ));
        }
        plain.put(key, body, ttl, condition).await
    }
}
