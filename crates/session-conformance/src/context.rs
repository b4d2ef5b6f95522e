//! What every check is given, and short forms for what most checks do.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, SessionId, Version};

use crate::Subject;
use crate::check::Result;
use crate::failure::Failure;
use crate::recorder::Recorder;
use crate::subject::{Fixture, Kind};
use crate::trace::Trace;

/// An empty store, and what is known about it.
#[derive(Debug)]
pub(crate) struct Context {
    fixture: Fixture,
    pub(crate) trace: Trace,
    pub(crate) largest_body: usize,
    thorough: bool,
}

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

impl Context {
    pub(crate) fn new(fixture: Fixture, trace: Trace, subject: &Subject) -> Self {
        Self { fixture, trace, largest_body: subject.largest_body, thorough: subject.thorough }
    }

    /// The store under test. Failures show its operations.
    pub(crate) fn store(&self) -> Result<Recorder> {
        Ok(Recorder::new(self.bare_store()?, self.trace.clone()))
    }

    /// The same without a record of its operations.
    pub(crate) fn bare_store(&self) -> Result<Arc<dyn RecordStore>> {
        match &self.fixture.kind {
            Kind::Records(store) => Ok(Arc::clone(store)),
            Kind::Storage(_) => Err(Failure::new(
                "this storage has no records; declare it: Subject::cannot(Promise::Records, ..)",
            )),
        }
    }

    /// The storage under test; a store of records behind the engine.
    #[cfg(feature = "engine")]
    pub(crate) fn storage(&self) -> Arc<dyn session_core::SessionStorage> {
        match &self.fixture.kind {
            Kind::Records(store) => Arc::new(Recorder::new(Arc::clone(store), self.trace.clone())),
            Kind::Storage(storage) => Arc::clone(storage),
        }
    }

    /// The same records through another store.
    pub(crate) async fn reopen(&self) -> Result<Recorder> {
        let store = self.fixture.reopen.as_ref().ok_or_else(only_once)?().await;
        self.trace.note("(opened a second time)");
        Ok(Recorder::new(store, self.trace.clone()))
    }

    /// Drops the store, and opens its records again. What the fixture keeps is returned too.
    pub(crate) async fn restart(self) -> Result<(Recorder, impl Sized)> {
        let Fixture { kind, reopen, keep, .. } = self.fixture;
        drop(kind);
        let store = reopen.ok_or_else(only_once)?().await;
        self.trace.note("(closed, and opened again)");
        Ok((Recorder::new(store, self.trace.clone()), keep))
    }

    /// How many schedules the explorer runs.
    pub(crate) fn schedules(&self) -> usize {
        match self.thorough {
            true => usize::MAX,
            false => crate::overlap::SHORT_RUN,
        }
    }

    /// Whether the clock by which the store expires records can be moved.
    pub(crate) fn clock_moves(&self) -> bool {
        self.fixture.advance.is_some()
    }

    /// Lets `time` pass: moves the store's clock if that is possible, and sleeps otherwise.
    pub(crate) async fn pass(&self, time: Duration) {
        match &self.fixture.advance {
            Some(advance) => {
                self.trace.note(format!("(the clock moves by {time:?})"));
                advance(time);
            }
            None => {
                tokio::time::sleep(time).await;
                self.trace.note(format!("({time:?} pass)"));
            }
        }
    }
}

fn only_once() -> Failure {
    Failure::new("this store cannot be opened twice")
}

/// A key without a record.
pub(crate) fn fresh_key() -> Result<RecordKey> {
    Ok(RecordKey::hashed(&SessionId::random()?))
}

impl Recorder {
    pub(crate) async fn insert(&self, key: &RecordKey, body: impl Into<Bytes>) -> Result<Version> {
        let put = self.put(key, body.into(), HOUR, Condition::IfAbsent).await?;
        stored("IfAbsent on a free key", put)
    }

    pub(crate) async fn update(
        &self,
        key: &RecordKey,
        body: impl Into<Bytes>,
        version: &Version,
    ) -> Result<Version> {
        let condition = Condition::IfVersion(version.clone());
        let put = self.put(key, body.into(), HOUR, condition).await?;
        stored("IfVersion with the record's version", put)
    }

    /// Fails unless a put with `condition` is refused.
    pub(crate) async fn refuses(
        &self,
        what: &str,
        key: &RecordKey,
        body: &'static str,
        condition: Condition,
    ) -> Result {
        let put = self.put(key, body.into(), HOUR, condition).await?;
        crate::failure::expect(what, &put, &PutOutcome::Refused)
    }

    /// The record, which must be there.
    pub(crate) async fn found(&self, what: &str, key: &RecordKey) -> Result<Record> {
        let missing = || Failure {
            expected: "a record".to_owned(),
            seen: "none".to_owned(),
            ..Failure::new(what)
        };
        self.load(key).await?.ok_or_else(missing)
    }

    /// Fails unless the record holds `body`.
    pub(crate) async fn holds(&self, what: &str, key: &RecordKey, body: &[u8]) -> Result<Version> {
        let record = self.found(what, key).await?;
        crate::failure::expect(what, &record.body, body)?;
        Ok(record.version)
    }

    /// Fails unless there is no record.
    pub(crate) async fn lacks(&self, what: &str, key: &RecordKey) -> Result {
        crate::failure::expect(what, &self.load(key).await?, &None)
    }
}

pub(crate) fn stored(what: &str, put: PutOutcome) -> Result<Version> {
    match put {
        PutOutcome::Stored(version) => Ok(version),
        PutOutcome::Refused => Err(Failure {
            expected: "Stored".to_owned(),
            seen: "Refused".to_owned(),
            ..Failure::new(what)
        }),
    }
}
