//! Records that another server, or the next process, does not see.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore};

use super::plain::name;
use super::{Case, Flaw, Loaded, Plain, Put, case};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<ForgetsOnRestart>("record/records_outlive_a_restart"),
        case::<CountsFromZeroAfterARestart>("record/versions_hold_across_a_restart"),
        case::<CachesOnEachServer>("record/two_servers_see_one_record"),
    ]
}

/// Says that its records last, and keeps them in memory.
#[derive(Debug, Default)]
struct ForgetsOnRestart;

impl Flaw for ForgetsOnRestart {
    fn reopened(&self, _: &Plain) -> (Plain, Self) {
        (Plain::default(), Self)
    }
}

/// Keeps the records on disk, and the counter of versions in memory.
#[derive(Debug, Default)]
struct CountsFromZeroAfterARestart;

impl Flaw for CountsFromZeroAfterARestart {
    fn reopened(&self, plain: &Plain) -> (Plain, Self) {
        plain.lock().next = 0;
        (plain.clone(), Self)
    }
}

/// Each server keeps what it last saw.
#[derive(Debug, Default)]
struct CachesOnEachServer(Mutex<HashMap<String, Record>>);

#[async_trait]
impl Flaw for CachesOnEachServer {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        let known = self.0.lock().unwrap().get(&name(key)).cloned();
        match known {
            Some(record) => Ok(Some(record)),
            None => plain.load(key).await,
        }
    }

    async fn put(
        &self,
        plain: &Plain,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Put {
        let put = plain.put(key, body.clone(), ttl, condition).await?;
        if let PutOutcome::Stored(version) = &put {
            let record = Record {
                body,
                version: version.clone(),
            };
            self.0.lock().unwrap().insert(name(key), record);
        }
        Ok(put)
    }
}
