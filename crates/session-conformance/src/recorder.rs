//! Records every operation on the store under test, for failure messages.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError};

use crate::trace::Trace;

/// The store under test, with a note of each operation and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    store: Arc<dyn RecordStore>,
    trace: Trace,
}

impl Recorder {
    pub(crate) fn new(store: Arc<dyn RecordStore>, trace: Trace) -> Self {
        Self { store, trace }
    }

    fn note(&self, operation: String) -> Note {
        Note { trace: self.trace.clone(), operation, answer: None }
    }
}

#[async_trait]
impl RecordStore for Recorder {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let mut note = self.note(format!("load {key:?}"));
        let answer = self.store.load(key).await;
        note.answer = Some(found(&answer));
        answer
    }

    async fn put(
        &self,
        key: &RecordKey,
        bytes: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let mut note =
            self.note(format!("put {key:?} {}, ttl {ttl:?}, {condition:?}", body(&bytes)));
        let answer = self.store.put(key, bytes, ttl, condition).await;
        note.answer = Some(match &answer {
            Ok(outcome) => format!("{outcome:?}"),
            Err(error) => failed(error),
        });
        answer
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let mut note = self.note(format!("remove {key:?}"));
        let answer = self.store.remove(key).await;
        note.answer = Some(match &answer {
            Ok(found) => found.to_string(),
            Err(error) => failed(error),
        });
        answer
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let mut note = self.note(format!("sweep, at most {limit}"));
        let answer = self.store.sweep(limit).await;
        note.answer = Some(match &answer {
            Ok(removed) => removed.to_string(),
            Err(error) => failed(error),
        });
        answer
    }
}

/// An operation under way. It is noted when it is dropped, so that a cancelled one is noted too.
struct Note {
    trace: Trace,
    operation: String,
    answer: Option<String>,
}

impl Drop for Note {
    fn drop(&mut self) {
        let answer = self.answer.as_deref().unwrap_or("cancelled");
        self.trace.note(format!("{} -> {answer}", self.operation));
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operation)
    }
}

fn found(answer: &Result<Option<Record>, StoreError>) -> String {
    match answer {
        Ok(None) => "none".to_owned(),
        Ok(Some(record)) => format!("{:?}, {}", record.version, body(&record.body)),
        Err(error) => failed(error),
    }
}

fn failed(error: &StoreError) -> String {
    format!("{:?} error: {error}", error.kind())
}

/// A body's text, or its length if it is long.
fn body(bytes: &Bytes) -> String {
    if bytes.len() <= 160 { format!("{bytes:?}") } else { format!("{} bytes", bytes.len()) }
}
