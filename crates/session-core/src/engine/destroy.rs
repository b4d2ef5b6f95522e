//! The end of a session, wherever it has moved to.

use std::collections::HashSet;

use super::run::{Run, Written};
use crate::body::{Content, Kind, Meta, Tombstone};
use crate::state::{Intent, Origin, Standing, Unsure};
use crate::{
    Condition, CookieChange, Error, Outcome, RecordKey, Result, StoreError, StoreErrorKind,
};

/// How many records one logout destroys; a session that changed its id more often within a minute is an attack or a defect.
const MOST: usize = 256;

impl Run<'_> {
    /// Destroys the session, and clears the cookie whether one was found or not.
    pub(super) async fn destroy(&self) -> Result<Outcome> {
        self.retire_all().await?;
        let mut state = self.session.state();
        state.origin = Origin::New;
        state.cookie = CookieChange::Remove;
        state.intent = Intent::Keep;
        Ok(Outcome::Destroyed)
    }

    /// Destroys the session, and stores what was set since under a fresh id.
    pub(super) async fn restart(&self) -> Result<Outcome> {
        self.retire_all().await?;
        self.session.state().origin = Origin::New;
        self.create().await
    }

    /// Puts a tombstone over the session's record, over those that it moved to, and over those that it came from.
    async fn retire_all(&self) -> Result<()> {
        let (mut known, mut queue) = {
            let mut state = self.session.state();
            let sure = state.unsure.is_none();
            let known = match &state.origin {
                Origin::New => None,
                Origin::Live(found) | Origin::Moved(found) | Origin::Destroyed(found) => {
                    Some(found.clone())
                }
            };
            let mut queue: Vec<_> = state
                .successor
                .iter()
                .map(|s| s.standing.key.clone())
                .collect();
            queue.extend(known.iter().map(|found| found.key.clone()));
            if let Some(found) = &known {
                state.unsure = Some(Unsure {
                    on: found.version.clone(),
                    only_moves: false,
                });
            }
            (known.filter(|_| sure), queue)
        };
        let (mut seen, mut retired) = (HashSet::new(), 0);
        while let Some(key) = queue.pop() {
            if !seen.insert(key.clone()) {
                continue;
            }
            if retired == MOST {
                return Err(Error::Store(StoreError::new(
                    StoreErrorKind::Unavailable,
                    "the session changed its id so often that not every record was destroyed; log out again",
                )));
            }
            let known = known.take_if(|known| known.key == key);
            if let Some((meta, now_retired)) = self.retire(&key, known).await? {
                retired += usize::from(now_retired);
                let now = self.policy.now();
                queue.extend(
                    meta.prev
                        .filter(|prev| prev.until > now)
                        .map(|prev| prev.key),
                );
                queue.extend(meta.tombstone.into_iter().flat_map(|t| t.successors));
            }
        }
        let mut state = self.session.state();
        state.successor = None;
        state.unsure = None;
        Ok(())
    }

    /// Puts a tombstone over the record at `key`, and returns what the record said of itself, and whether it was not destroyed
    /// already; `None` if there was none.
    async fn retire(
        &self,
        key: &RecordKey,
        mut known: Option<Standing>,
    ) -> Result<Option<(Meta, bool)>> {
        let mut failures = 0;
        let mut unknown: Option<StoreError> = None;
        loop {
            self.in_time()?;
            let standing = match known.take() {
                Some(known) => known,
                // A record whose time is over may still be alive by another server's clock.
                None => match self.load(key).await {
                    Ok(None) => return Ok(None),
                    Ok(Some(loaded)) => loaded.standing,
                    Err(error) => return Err(unknown.map_or(error, Into::into)),
                },
            };
            let found = standing.meta.tombstone.as_ref();
            if found.is_some_and(|tombstone| tombstone.kind == Kind::Destroyed) {
                return Ok(Some((standing.meta.clone(), false)));
            }
            let meta = self.destroyed(&standing);
            let next = Self::standing(key.clone(), &Content::default(), meta);
            let condition = Condition::IfVersion(standing.version.clone());
            match self
                .put(key, next.body, next.meta.deadline, condition)
                .await?
            {
                Written::Stored(_) => return Ok(Some((next.meta, true))),
                Written::Refused => {}
                Written::Unknown(error) => {
                    unknown = Some(Self::failed(&mut failures, error)?);
                }
            }
        }
    }

    fn destroyed(&self, standing: &Standing) -> Meta {
        let now = self.policy.now();
        let own = crate::body::WriteId::new(now);
        let mut meta = standing.meta.clone();
        meta.writes = meta.writes.after(std::iter::once(own), now);
        let successors = meta.tombstone.take().map(|tombstone| tombstone.successors);
        meta.deadline = now + self.policy.window();
        meta.tombstone = Some(Box::new(Tombstone {
            kind: Kind::Destroyed,
            kept_until: 0,
            successors: successors.unwrap_or_default(),
        }));
        meta
    }
}
