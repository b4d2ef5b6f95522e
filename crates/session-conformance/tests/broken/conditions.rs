//! Conditions that are not checked, or not in one step.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use session_core::{Condition, PutOutcome, RecordKey, RecordStore, StoreError, Version};
use tokio::task::yield_now;

use crate::flaw::{Case, Flaw, Loaded, Put, Write, case};
use crate::plain::{Plain, name};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<LastWriteWins>(
            "Checks that there is a record, but not its version.",
            "record/conditions/if_version_refuses_a_stale_version",
        ),
        case::<WritesWhereThereIsNoRecord>(
            "\"Insert or update\": a write for a version makes a record where there is none.",
            "record/conditions/if_version_refuses_a_missing_record",
        ),
        case::<RemembersRemovedVersions>(
            "Compares with the last version that it knew, whether the record was removed or not.",
            "record/conditions/if_version_refuses_after_remove",
        ),
        case::<TakesOtherVersionsForAny>(
            "Its versions are numbers; any other counts as \"whatever there is\".",
            "record/conditions/if_version_refuses_an_unknown_version",
        ),
        case::<InsertOverwrites>(
            "An insert goes over what is there.",
            "record/conditions/if_absent_refuses_a_taken_key",
        ),
        case::<ComparesThenWrites>(
            "Loads, compares, and then writes.",
            "record/races/compare_and_write_are_one_step",
        ),
        case::<ComparesThenRevives>(
            "The same, even if the record was removed in between.",
            "record/races/a_write_does_not_undo_a_removal",
        ),
        case::<LooksThenInserts>(
            "Looks whether the key is free, and then inserts.",
            "record/races/one_of_many_inserts_is_stored",
        ),
        case::<LosesItsLock>(
            "Under contention, a lock is never released.",
            "record/races/keys_do_not_block_each_other",
        ),
        case::<KeepsTheVersion>(
            "An update leaves the version as it was.",
            "record/conditions/a_write_changes_the_version",
        ),
        case::<CountsEachRecordAnew>(
            "The first version of every record is 1, again after a removal.",
            "record/conditions/a_version_is_not_used_again",
        ),
        case::<ReturnsTheOldVersion>(
            "An update returns the version that it replaced.",
            "record/conditions/put_returns_the_version_that_load_reports",
        ),
        case::<RefusedSaysStored>(
            "A refused write is reported as stored.",
            "record/conditions/stored_means_written",
        ),
        case::<RefusedWrites>(
            "A refused write is stored anyway.",
            "record/conditions/refused_means_unchanged",
        ),
        case::<ForgetsUpdates>(
            "An update is answered, but not stored.",
            "record/conditions/load_returns_what_put_stored",
        ),
        case::<RemoveLeavesIt>(
            "Remove returns true, and removes nothing.",
            "record/conditions/remove_removes",
        ),
        case::<RemoveAlwaysFinds>(
            "Remove always says that there was a record.",
            "record/conditions/remove_says_whether_there_was_a_record",
        ),
        case::<RemovedKeysStayTaken>(
            "A key that was removed is never free again.",
            "record/conditions/a_removed_key_can_be_used_again",
        ),
    ]
}

#[derive(Debug, Default)]
struct LastWriteWins;

#[async_trait]
impl Flaw for LastWriteWins {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let (mut state, name) = (plain.lock(), name(key));
        let taken = state.get(&name).is_some();
        if taken != matches!(condition, Condition::IfVersion(_)) {
            return Ok(PutOutcome::Refused);
        }
        Ok(state.write(name, body, ttl))
    }
}

#[derive(Debug, Default)]
struct WritesWhereThereIsNoRecord;

#[async_trait]
impl Flaw for WritesWhereThereIsNoRecord {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let (mut state, name) = (plain.lock(), name(key));
        if state.get(&name).is_some() && !state.holds(&name, &condition) {
            return Ok(PutOutcome::Refused);
        }
        Ok(state.write(name, body, ttl))
    }
}

#[derive(Debug, Default)]
struct RemembersRemovedVersions(Mutex<Vec<(String, Version)>>);

#[async_trait]
impl Flaw for RemembersRemovedVersions {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let (mut state, name) = (plain.lock(), name(key));
        let removed = match &condition {
            Condition::IfVersion(version) => {
                self.0.lock().unwrap().contains(&(name.clone(), version.clone()))
            }
            Condition::IfAbsent => false,
        };
        if !removed && !state.holds(&name, &condition) {
            return Ok(PutOutcome::Refused);
        }
        Ok(state.write(name, body, ttl))
    }

    async fn remove(&self, plain: &Plain, key: &RecordKey) -> Result<bool, StoreError> {
        if let Some(record) = plain.load(key).await? {
            self.0.lock().unwrap().push((name(key), record.version));
        }
        plain.remove(key).await
    }
}

#[derive(Debug, Default)]
struct TakesOtherVersionsForAny;

#[async_trait]
impl Flaw for TakesOtherVersionsForAny {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let condition = match condition {
            Condition::IfVersion(version) if version.as_u64().is_none() => {
                match plain.load(key).await? {
                    Some(record) => Condition::IfVersion(record.version),
                    None => return Ok(PutOutcome::Refused),
                }
            }
            other => other,
        };
        plain.write(key, Write(body, ttl, condition))
    }
}

#[derive(Debug, Default)]
struct InsertOverwrites;

#[async_trait]
impl Flaw for InsertOverwrites {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        if condition == Condition::IfAbsent {
            return Ok(plain.lock().write(name(key), body, ttl));
        }
        plain.write(key, Write(body, ttl, condition))
    }
}

#[derive(Debug, Default)]
struct ComparesThenWrites;

#[async_trait]
impl Flaw for ComparesThenWrites {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        if !plain.lock().holds(&name(key), &condition) {
            return Ok(PutOutcome::Refused);
        }
        yield_now().await;
        let mut state = plain.lock();
        // It does notice a removal.
        if condition != Condition::IfAbsent && state.get(&name(key)).is_none() {
            return Ok(PutOutcome::Refused);
        }
        Ok(state.write(name(key), body, ttl))
    }
}

#[derive(Debug, Default)]
struct ComparesThenRevives;

#[async_trait]
impl Flaw for ComparesThenRevives {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let before = plain.lock().get(&name(key)).map(|entry| entry.version);
        if !plain.lock().holds(&name(key), &condition) {
            return Ok(PutOutcome::Refused);
        }
        yield_now().await;
        let mut state = plain.lock();
        let now = state.get(&name(key)).map(|entry| entry.version);
        // It does notice another write.
        if now.is_some() && now != before {
            return Ok(PutOutcome::Refused);
        }
        Ok(state.write(name(key), body, ttl))
    }
}

#[derive(Debug, Default)]
struct LooksThenInserts;

#[async_trait]
impl Flaw for LooksThenInserts {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        if condition == Condition::IfAbsent {
            if plain.load(key).await?.is_some() {
                return Ok(PutOutcome::Refused);
            }
            yield_now().await;
            return Ok(plain.lock().write(name(key), body, ttl));
        }
        plain.write(key, Write(body, ttl, condition))
    }
}

#[derive(Debug, Default)]
struct LosesItsLock(AtomicUsize);

#[async_trait]
impl Flaw for LosesItsLock {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        if self.0.fetch_add(1, SeqCst) > 3 {
            return std::future::pending().await;
        }
        yield_now().await;
        self.0.fetch_sub(1, SeqCst);
        plain.load(key).await
    }
}

#[derive(Debug, Default)]
struct KeepsTheVersion;

#[async_trait]
impl Flaw for KeepsTheVersion {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let (mut state, name) = (plain.lock(), name(key));
        if !state.holds(&name, &condition) {
            return Ok(PutOutcome::Refused);
        }
        let old = state.get(&name).map(|entry| entry.version);
        let written = state.write(name.clone(), body, ttl);
        match (old, state.records.get_mut(&name)) {
            (Some(version), Some(entry)) => {
                entry.version = version;
                Ok(PutOutcome::Stored(Version::from(version)))
            }
            _ => Ok(written),
        }
    }
}

#[derive(Debug, Default)]
struct CountsEachRecordAnew;

#[async_trait]
impl Flaw for CountsEachRecordAnew {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let (mut state, name) = (plain.lock(), name(key));
        if !state.holds(&name, &condition) {
            return Ok(PutOutcome::Refused);
        }
        state.next = state.get(&name).map_or(0, |entry| entry.version);
        Ok(state.write(name, body, ttl))
    }
}

#[derive(Debug, Default)]
struct ReturnsTheOldVersion;

#[async_trait]
impl Flaw for ReturnsTheOldVersion {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let put = plain.put(key, body, ttl, condition.clone()).await?;
        Ok(match (put, condition) {
            (PutOutcome::Stored(_), Condition::IfVersion(old)) => PutOutcome::Stored(old),
            (put, _) => put,
        })
    }
}

#[derive(Debug, Default)]
struct RefusedSaysStored;

#[async_trait]
impl Flaw for RefusedSaysStored {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        Ok(match plain.put(key, body, ttl, condition).await? {
            PutOutcome::Refused => PutOutcome::Stored(Version::from(0)),
            stored => stored,
        })
    }
}

#[derive(Debug, Default)]
struct RefusedWrites;

#[async_trait]
impl Flaw for RefusedWrites {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let put = plain.put(key, body.clone(), ttl, condition).await?;
        if put == PutOutcome::Refused {
            let _ = plain.lock().write(name(key), body, ttl);
        }
        Ok(put)
    }
}

#[derive(Debug, Default)]
struct ForgetsUpdates;

#[async_trait]
impl Flaw for ForgetsUpdates {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        match (plain.load(key).await?, &condition) {
            (Some(record), Condition::IfVersion(version)) if record.version == *version => {
                Ok(PutOutcome::Stored(record.version))
            }
            _ => plain.put(key, body, ttl, condition).await,
        }
    }
}

#[derive(Debug, Default)]
struct RemoveLeavesIt;

#[async_trait]
impl Flaw for RemoveLeavesIt {
    async fn remove(&self, plain: &Plain, key: &RecordKey) -> Result<bool, StoreError> {
        Ok(plain.load(key).await?.is_some())
    }
}

#[derive(Debug, Default)]
struct RemoveAlwaysFinds;

#[async_trait]
impl Flaw for RemoveAlwaysFinds {
    async fn remove(&self, plain: &Plain, key: &RecordKey) -> Result<bool, StoreError> {
        plain.remove(key).await.map(|_| true)
    }
}

#[derive(Debug, Default)]
struct RemovedKeysStayTaken(Mutex<HashSet<String>>);

#[async_trait]
impl Flaw for RemovedKeysStayTaken {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        if self.0.lock().unwrap().contains(&name(key)) {
            return Ok(PutOutcome::Refused);
        }
        plain.write(key, Write(body, ttl, condition))
    }

    async fn remove(&self, plain: &Plain, key: &RecordKey) -> Result<bool, StoreError> {
        self.0.lock().unwrap().insert(name(key));
        plain.remove(key).await
    }
}
