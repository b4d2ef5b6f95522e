//! Bodies that are not returned as they were stored.

use async_trait::async_trait;
use session_core::{RecordKey, RecordStore, StoreError, StoreErrorKind};

use crate::flaw::{Case, Flaw, Loaded, Put, Write, case};
use crate::plain::{Plain, name};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<EndsAtNul>("Takes the body for a C string.", "record/bodies/binary_bodies"),
        case::<EmptyIsNone>("Takes an empty body for no record.", "record/bodies/empty_bodies"),
        case::<CutsAt64Kib>("Keeps bodies in a column of 64 KiB.", "record/bodies/large_bodies"),
        case::<LeavesTheTail>(
            "Writes over the start of a file, and does not cut it.",
            "record/bodies/a_shorter_body_replaces_a_longer_one",
        ),
        case::<OversizedDestroys>(
            "Refuses what is too large, and the old record goes, as with memcached.",
            "record/bodies/an_oversized_body_is_stored_whole_or_not_at_all",
        ),
    ]
}

#[derive(Debug, Default)]
struct EndsAtNul;

#[async_trait]
impl Flaw for EndsAtNul {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let end = body.iter().position(|byte| *byte == 0);
        let body = body.slice(..end.unwrap_or(body.len()));
        plain.write(key, Write(body, ttl, condition))
    }
}

#[derive(Debug, Default)]
struct EmptyIsNone;

#[async_trait]
impl Flaw for EmptyIsNone {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        let loaded = plain.load(key).await?;
        Ok(loaded.filter(|record| !record.body.is_empty()))
    }
}

#[derive(Debug, Default)]
struct CutsAt64Kib;

#[async_trait]
impl Flaw for CutsAt64Kib {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let body = body.slice(..body.len().min(65_535));
        plain.write(key, Write(body, ttl, condition))
    }
}

#[derive(Debug, Default)]
struct LeavesTheTail;

#[async_trait]
impl Flaw for LeavesTheTail {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let old = plain.load(key).await?;
        let tail = old.and_then(|old| Some(old.body.get(body.len()..)?.to_vec()));
        let body = [body.to_vec(), tail.unwrap_or_default()].concat();
        plain.put(key, body.into(), ttl, condition).await
    }
}

#[derive(Debug, Default)]
struct OversizedDestroys;

#[async_trait]
impl Flaw for OversizedDestroys {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        if body.len() > 1 << 20 {
            plain.lock().records.remove(&name(key));
            return Err(StoreError::new(StoreErrorKind::TooLarge, "object too large for cache"));
        }
        plain.write(key, Write(body, ttl, condition))
    }
}
