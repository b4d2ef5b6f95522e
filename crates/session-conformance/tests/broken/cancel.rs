//! Cancelled operations that affect others.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use session_core::{PutOutcome, RecordKey, RecordStore, StoreError};
use tokio::task::yield_now;

use crate::flaw::{Case, Flaw, Loaded, Put, Write, case};
use crate::plain::{Plain, name};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<LeaksACancelledLoad>(
            "A cancelled load leaves its reply to the next one.",
            "record/cancel/a_cancelled_load_does_not_affect_others",
        ),
        case::<AnswersWithACancelledPut>(
            "A write that was cancelled leaves its answer for the next one.",
            "record/cancel/a_cancelled_put_does_not_affect_others",
        ),
        case::<AnswersWithACancelledRemove>(
            "A removal that was cancelled leaves its answer for the next one.",
            "record/cancel/a_cancelled_remove_does_not_affect_others",
        ),
        case::<WritesInTwoHalves>(
            "Truncates a file, and then writes it.",
            "record/cancel/a_cancelled_put_is_applied_whole_or_not_at_all",
        ),
    ]
}

/// Replies on a connection, in order. Each question takes the first reply, even another question's.
#[derive(Debug)]
struct Connection<T>(Mutex<VecDeque<T>>);

impl<T> Default for Connection<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Connection<T> {
    async fn ask(&self, reply: T) -> T {
        self.0.lock().unwrap().push_back(reply);
        yield_now().await;
        self.0.lock().unwrap().pop_front().unwrap()
    }
}

#[derive(Debug, Default)]
struct LeaksACancelledLoad(Connection<Loaded>);

#[async_trait]
impl Flaw for LeaksACancelledLoad {
    async fn load(&self, plain: &Plain, key: &RecordKey) -> Loaded {
        self.0.ask(plain.load(key).await).await
    }
}

#[derive(Debug, Default)]
struct AnswersWithACancelledPut(Connection<Put>);

#[async_trait]
impl Flaw for AnswersWithACancelledPut {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        self.0.ask(plain.put(key, body, ttl, condition).await).await
    }
}

#[derive(Debug, Default)]
struct AnswersWithACancelledRemove(Connection<Result<bool, StoreError>>);

#[async_trait]
impl Flaw for AnswersWithACancelledRemove {
    async fn remove(&self, plain: &Plain, key: &RecordKey) -> Result<bool, StoreError> {
        self.0.ask(plain.remove(key).await).await
    }
}

#[derive(Debug, Default)]
struct WritesInTwoHalves;

#[async_trait]
impl Flaw for WritesInTwoHalves {
    async fn put(&self, plain: &Plain, key: &RecordKey, write: Write) -> Put {
        let Write(body, ttl, condition) = write;
        let half = body.slice(..body.len() / 2);
        let put = plain.put(key, half, ttl, condition).await?;
        if put == PutOutcome::Refused {
            return Ok(put);
        }
        yield_now().await;
        if let Some(entry) = plain.lock().records.get_mut(&name(key)) {
            entry.body = body;
        }
        Ok(put)
    }
}
