//! The end of a session, wherever it has moved to.

use std::collections::HashSet;

use tracing::debug;

use super::save::{Failures, Save, Written};
use crate::body::{Content, Kind, Meta, Tombstone, WriteId};
use crate::error::{Error, ErrorKind, Result};
use crate::outcome::{CookieChange, Outcome};
use crate::record::{Condition, RecordKey};
use crate::snapshot::Snapshot;
use crate::state::{Intent, Origin, Unanswered};
use crate::store_error::{StoreError, StoreErrorKind};

impl Save<'_> {
    /// How many records one logout destroys. A session that changed its id more often than that
    /// within a minute is an attack or a defect.
    const MAX_DESTROYED: usize = 256;

    /// How many of them for each further cookie.
    const MAX_OTHERS: usize = 32;

    /// Destroys the session. The browser drops the cookie, whether a session was found or not.
    pub(super) async fn destroy(&self) -> Result<Outcome> {
        self.destroy_all().await?;
        let mut state = self.session.state();
        state.origin = Origin::New;
        state.cookie = CookieChange::Remove;
        state.intent = Intent::Keep;
        Ok(Outcome::Destroyed)
    }

    /// Destroys the session, and stores what was set since then under a fresh id.
    pub(super) async fn restart(&self) -> Result<Outcome> {
        self.destroy_all().await?;
        self.session.state().origin = Origin::New;
        self.create().await
    }

    /// Destroys sessions that this request does not continue: one that had expired, and those of
    /// further cookies.
    pub(super) async fn end_others(&self) -> Result<Outcome> {
        self.destroy_all().await?;
        let mut state = self.session.state();
        state.origin = Origin::New;
        if self.intent_is_unchanged(&state) {
            state.intent = Intent::Keep;
        }
        Ok(Outcome::Destroyed)
    }

    /// Ends the session, and those of the request's further cookies.
    async fn destroy_all(&self) -> Result<()> {
        let (known, own, others) = {
            let mut state = self.session.state();
            let known = match &state.origin {
                Origin::New => None,
                Origin::Live(found)
                | Origin::Moved(found)
                | Origin::Destroyed(found)
                | Origin::Expired(found) => Some(found.clone()),
            };
            let successor = state.successor.iter().map(|it| it.snapshot.key.clone());
            let own: Vec<_> =
                successor.chain(known.iter().map(|found| found.key.clone())).collect();
            let is_up_to_date = state.unanswered.is_none();
            if let Some(found) = &known {
                state.unanswered =
                    Some(Unanswered { base: found.version.clone(), only_tombstone: false });
            }
            let others = state.also_end.iter().map(|id| self.policy.record_key(id));
            (known.filter(|_| is_up_to_date), own, others.collect::<Vec<_>>())
        };
        let mut seen = HashSet::new();
        if !self.destroy_from(own, known, Self::MAX_DESTROYED, &mut seen).await? {
            return Err(Error::Store(StoreError::new(
                StoreErrorKind::Unavailable,
                "the session changed its id so often that not every record was destroyed; log out \
                 again",
            )));
        }
        // Someone may have planted these, and must not be able to prevent the logout.
        for key in others {
            let ended = self.destroy_from(vec![key], None, Self::MAX_OTHERS, &mut seen).await;
            match ended {
                Ok(true) => {}
                Ok(false) => debug!("the session of a further cookie changed its id too often"),
                Err(error) if error.kind() == ErrorKind::Corrupt => {
                    debug!(%error, "the session of a further cookie cannot be ended");
                }
                Err(error) => return Err(error),
            }
        }
        let mut state = self.session.state();
        state.also_end.clear();
        state.successor = None;
        state.unanswered = None;
        Ok(())
    }

    /// Writes a tombstone over the records in `queue`, the last one first, over those that they
    /// moved to, and over those that they came from. Returns whether these were `most` at most.
    async fn destroy_from(
        &self,
        mut queue: Vec<RecordKey>,
        mut known: Option<Snapshot>,
        most: usize,
        seen: &mut HashSet<RecordKey>,
    ) -> Result<bool> {
        let mut destroyed = 0;
        while let Some(key) = queue.pop() {
            if !seen.insert(key.clone()) {
                continue;
            }
            if destroyed == most {
                return Ok(false);
            }
            let known = known.take_if(|known| known.key == key);
            if let Some((meta, newly)) = self.destroy_one(&key, known).await? {
                destroyed += usize::from(newly);
                let now = self.policy.now();
                queue.extend(meta.prev.filter(|prev| prev.counts(now)).map(|prev| prev.key));
                queue.extend(meta.tombstone.into_iter().flat_map(|it| it.successors));
            }
        }
        Ok(true)
    }

    /// Writes a tombstone over the record at `key`. Returns what the record last said of itself,
    /// and whether it was not destroyed before; `None` if there was no record.
    async fn destroy_one(
        &self,
        key: &RecordKey,
        mut known: Option<Snapshot>,
    ) -> Result<Option<(Meta, bool)>> {
        let mut failures = Failures::default();
        let mut unknown: Option<StoreError> = None;
        let mut last_seen = None;
        loop {
            self.check_time()?;
            let found = match known.take() {
                Some(known) => known,
                // A record that has expired may still be alive by another server's clock.
                None => match self.load(key).await {
                    Ok(None) => return Ok(last_seen.map(|meta| (meta, false))),
                    Ok(Some(loaded)) => loaded.snapshot,
                    Err(error) => return Err(unknown.map_or(error, Into::into)),
                },
            };
            if found.meta.kind() == Some(Kind::Destroyed) {
                return Ok(Some((found.meta, false)));
            }
            last_seen = Some(found.meta.clone());
            let meta = self.destroyed(found.meta)?;
            let tombstone = Snapshot::encode(key.clone(), &Content::default(), meta)?;
            let condition = Condition::IfVersion(found.version);
            match self.put(&tombstone, condition).await? {
                Written::Stored(_) => return Ok(Some((tombstone.meta, true))),
                Written::Refused => {}
                Written::Unknown(error) => unknown = Some(failures.count(error)?),
            }
        }
    }

    /// The metadata of the tombstone for a session with this metadata. It still names the
    /// successors, so that a logout that comes after a crash finds them too.
    fn destroyed(&self, meta: Meta) -> Result<Meta> {
        let now = self.policy.now();
        let successors = meta.tombstone.map(|tombstone| tombstone.successors);
        Ok(Meta {
            deadline: now + self.policy.window(),
            writes: meta.writes.with_newer([WriteId::random()?]),
            tombstone: Some(Box::new(Tombstone {
                kind: Kind::Destroyed,
                kept_until: 0,
                successors: successors.unwrap_or_default(),
            })),
            ..meta
        })
    }
}
