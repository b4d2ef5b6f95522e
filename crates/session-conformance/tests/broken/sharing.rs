//! Records that another server, or the next process, does not see.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use session_core::{PutOutcome, Record, RecordKey, RecordStore};

use crate::flaw::{Case, Flaw, Loaded, Put, Write, case};
use crate::plain::{Plain, name};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<ForgetsOnRestart>(
            "Says that its records last, and keeps them in memory.",
            "record/restart/records_survive_a_restart",
        ),
        case::<CountsFromZeroAfterARestart>(
            "Keeps the records on disk, and the counter of versions in memory.",
            "record/restart/versions_are_not_reused_after_a_restart",
        ),
        case::<CachesOnEachServer>(
            "Each server keeps what it last saw.",
            "record/restart/two_servers_share_their_records",
        ),
    ]
}

#[derive(Debug, Default)]
struct ForgetsOnRestart;

impl Flaw for ForgetsOnRestart {
    fn reopened(&self, _: &Plain) -> (Plain, Self) {
        (Plain::default(), Self)
    }
}

#[derive(Debug, Default)]
struct CountsFromZeroAfterARestart;

impl Flaw for CountsFromZeroAfterARestart {
    fn reopened(&self, plain: &Plain) -> (Plain, Self) {
        plain.lock().next = 0;
        (plain.clone(), Self)
    }
}

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

    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let put = plain.put(key, body.clone(), ttl, condition).await?;
        if let PutOutcome::Stored(version) = &put {
            let record = Record { body, version: version.clone() };
            self.0.lock().unwrap().insert(name(key), record);
        }
        Ok(put)
    }
}
