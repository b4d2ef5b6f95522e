//! One save: what its steps share.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tracing::debug;

use crate::body::{self, Content, Meta, Prev, WriteId, WriteIds};
use crate::change::{Batch, replay};
use crate::state::{Origin, Standing, State, Unsure};
use crate::{
    Condition, Error, PutOutcome, RecordKey, RecordStore, Result, Session, SessionPolicy,
    StoreError, StoreErrorKind, Version,
};

pub(super) struct Run<'a> {
    pub(super) store: &'a dyn RecordStore,
    pub(super) session: &'a Session,
    pub(super) policy: &'a SessionPolicy,
    /// When the save began. Looking at a clock is dear, and a save has no use for more than this.
    pub(super) now: u64,
    /// What the handler had asked for when the save began; see [`State::orders`].
    pub(super) orders: u32,
    /// When it first asked whether it is in time.
    started: OnceLock<Instant>,
}

/// A record, read again.
pub(super) struct Loaded {
    pub(super) standing: Standing,
    pub(super) content: Content,
    /// Whether its time is over.
    pub(super) over: bool,
}

/// What a conditional write came to.
pub(super) enum Written {
    Stored(Version),
    /// The record is another now.
    Refused,
    /// The write may have been applied, or may yet be.
    Unknown(StoreError),
}

impl<'a> Run<'a> {
    /// A session under so much contention that it is not saved in this time is an error.
    const LIMIT: Duration = Duration::from_secs(5);
    /// How often a write whose outcome is unknown is followed by another attempt.
    const FAILURES: u8 = 2;
    /// How long after its deadline a store may keep a record: other servers' clocks may be behind.
    const MARGIN: u64 = 60_000;

    pub(super) fn new(
        store: &'a dyn RecordStore,
        session: &'a Session,
        policy: &'a SessionPolicy,
    ) -> Self {
        Self {
            store,
            session,
            policy,
            now: policy.now(),
            orders: 0,
            started: OnceLock::new(),
        }
    }

    /// Fails once the save has tried for too long.
    pub(super) fn in_time(&self) -> Result<()> {
        if self.started.get_or_init(Instant::now).elapsed() < Self::LIMIT {
            return Ok(());
        }
        Err(Error::Store(StoreError::new(
            StoreErrorKind::Timeout,
            "the session was changed by other requests for 5 seconds without a gap; fewer requests at once may write one session",
        )))
    }

    /// Counts a write with an unknown outcome; fails when there were too many.
    pub(super) fn failed(failures: &mut u8, error: StoreError) -> Result<StoreError> {
        *failures += 1;
        if *failures >= Self::FAILURES {
            return Err(error.into());
        }
        debug!(%error, "a write to the session store has an unknown outcome; looking");
        Ok(error)
    }

    /// Writes, and tells failures that looking cannot turn into success, which are errors at once, from unknown outcomes.
    pub(super) async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        deadline: u64,
        condition: Condition,
    ) -> Result<Written> {
        if *key == RecordKey::NONE {
            return Err(Error::Unsupported(
                "a session that was opened by a storage without records cannot be saved to records",
            ));
        }
        let left = deadline.saturating_sub(self.now).max(1000);
        let ttl = Duration::from_millis(left.saturating_add(Self::MARGIN));
        match self.store.put(key, body, ttl, condition).await {
            Ok(PutOutcome::Stored(version)) => Ok(Written::Stored(version)),
            Ok(PutOutcome::Refused) => Ok(Written::Refused),
            Err(error) => match error.kind() {
                StoreErrorKind::TooLarge
                | StoreErrorKind::Corrupt
                | StoreErrorKind::Config
                | StoreErrorKind::Unconfirmed => Err(error.into()),
                _ => Ok(Written::Unknown(error)),
            },
        }
    }

    /// Puts `next` in the place of the session's record, if that still is `on`, and notes that it is unsure whether it is there, until the
    /// answer says that it is not. An earlier write on top of `on` may be what refuses it: the doubt about that one stays.
    pub(super) async fn replace(
        &self,
        next: &Standing,
        on: &Version,
        only_moves: bool,
    ) -> Result<Written> {
        let before = {
            let mut state = self.session.state();
            let only_moves = only_moves && state.unsure.as_ref().is_none_or(|it| it.only_moves);
            let on = on.clone();
            state.unsure.replace(Unsure { on, only_moves })
        };
        let (body, deadline) = (next.body.clone(), next.meta.deadline);
        let condition = Condition::IfVersion(on.clone());
        let put = self.put(&next.key, body, deadline, condition).await;
        let may_stand = match &put {
            Ok(Written::Stored(_) | Written::Unknown(_)) => true,
            Ok(Written::Refused) => false,
            Err(Error::Store(error)) => error.kind() == StoreErrorKind::Unconfirmed,
            Err(_) => false,
        };
        if !may_stand {
            self.session.state().unsure = before;
        }
        put
    }

    pub(super) async fn load(&self, key: &RecordKey) -> Result<Option<Loaded>> {
        match self.store.load(key).await? {
            None => Ok(None),
            Some(record) => {
                let now = self.policy.now();
                let mut content = Content::default();
                let body = record.body.clone();
                let mut standing = Standing::found(key.clone(), record);
                standing.read(body, self.policy, now, &mut content)?;
                Ok(Some(Loaded {
                    over: standing.is_over(self.policy, now),
                    standing,
                    content,
                }))
            }
        }
    }

    /// Takes up the changes made so far, beside those of earlier, unfinished saves. There is at least one batch afterwards, for
    /// its id.
    pub(super) fn freeze(&self, state: &mut State) {
        if !state.changes.is_empty() || state.batches.is_empty() {
            let id = WriteId::new(self.now);
            let changes = std::mem::take(&mut state.changes);
            state.batches.push(Batch { id, changes });
            if let Some(successor) = &mut state.successor {
                successor.current = false;
            }
        }
    }

    /// Puts `base`, with the changes that are not known to have taken effect, in the place of the session's content. Returns the
    /// content that a write is to send: without changes that were made since the save began.
    ///
    /// What is replayed may be the application's own code, and ask its session: no lock is held meanwhile.
    pub(super) fn rebase(&self, mut base: Content) -> Result<Content> {
        let sent: Vec<_> = {
            let state = self.session.state();
            let batches = state.batches.iter();
            batches.flat_map(|batch| &*batch.changes).cloned().collect()
        };
        let missed = replay(sent.iter(), &mut base)?;
        let sending = base.clone();
        let mut done = 0;
        loop {
            let later = {
                let mut state = self.session.state();
                if state.is_ending() {
                    return Ok(sending);
                }
                let later = state.changes.get(done..).unwrap_or_default().to_vec();
                if later.is_empty() {
                    state.missed.extend(missed);
                    state.content = base;
                    return Ok(sending);
                }
                later
            };
            replay(later.iter(), &mut base)?;
            done += later.len();
        }
    }

    /// The metadata of a new record, `base` being the one that it goes on from.
    pub(super) fn meta_for_new(
        &self,
        state: &State,
        key: &RecordKey,
        base: Option<&Meta>,
        prev: Option<Prev>,
    ) -> Meta {
        let now = self.policy.now();
        let (created, lifetime) = state.span(now);
        let deadline = self.policy.idle_deadline(created, lifetime, now);
        let mut meta = Meta::new(key, created, deadline, lifetime);
        let ids = state.batches.iter().rev().map(|batch| batch.id);
        meta.writes = match base {
            Some(base) => base.writes.after(ids, now),
            None => WriteIds::default().after(ids, now),
        };
        meta.prev = prev.map(Box::new);
        meta
    }

    /// The metadata with which `standing` is written again: with the ids of this save's batches, and a later deadline.
    pub(super) fn meta_for_next(&self, state: &State, standing: &Standing) -> Meta {
        let now = self.now;
        let mut meta = standing.meta.clone();
        let (created, lifetime) = (meta.created, meta.lifetime);
        let absolute = self.policy.absolute_deadline(created, lifetime);
        let next = self.policy.idle_deadline(created, lifetime, now);
        meta.deadline = meta.deadline.max(next).min(absolute);
        let ids = state.batches.iter().rev().map(|batch| batch.id);
        meta.writes = meta.writes.after(ids, now);
        meta.prev = meta.prev.filter(|prev| prev.until > now);
        meta
    }

    /// Forgets the batches that `found` shows to have taken effect. Fails if a write went unanswered and it cannot be told whether
    /// it did: then neither doing it again nor leaving it is right. `base` is what the record named when the session was loaded.
    pub(super) fn settle_batches(
        &self,
        state: &mut State,
        found: &Standing,
        base: &WriteIds,
        unknown: Option<StoreError>,
    ) -> Result<()> {
        let applied = Self::forget(state, &found.meta.writes);
        let Some(unsure) = &state.unsure else {
            return Ok(());
        };
        if unsure.on == found.version {
            // Nothing has taken effect, and it may yet.
            return Ok(());
        }
        let now = self.policy.now();
        let listed = state.batches.iter().all(|batch| batch.id.is_kept(now));
        // A tombstone did not take effect where the record lives.
        if applied || unsure.only_moves || listed && found.meta.writes.reach_back_to(base) {
            state.unsure = None;
            return Ok(());
        }
        Err(Error::Store(unknown.unwrap_or_else(|| {
            StoreError::new(
                StoreErrorKind::Timeout,
                "a write of this session went unanswered, and so much followed that it cannot be told whether it took effect",
            )
        })))
    }

    /// Forgets the batches that are in a record with these write ids, and says whether there were any. No batch is sent without
    /// those before it, and a record does not name all of many.
    fn forget(state: &mut State, found: &WriteIds) -> bool {
        let in_record = |batch: &Batch| found.contains(&batch.id);
        let last = state.batches.iter().rposition(in_record);
        state.batches.drain(..last.map_or(0, |last| last + 1));
        last.is_some()
    }

    /// Notes that `standing` is what stands now, with the batches that it names.
    pub(super) fn accept(state: &mut State, standing: Standing) {
        Self::forget(state, &standing.meta.writes);
        state.dirty = !state.changes.is_empty() || !state.batches.is_empty();
        state.origin = Origin::Live(standing);
        state.unsure = None;
    }

    /// A record that was encoded and is about to be written.
    pub(super) fn standing(key: RecordKey, content: &Content, meta: Meta) -> Standing {
        let mut body = Vec::with_capacity(body::encoded_len(content, &meta));
        body::encode(content, &meta, &mut body);
        Standing {
            key,
            version: Version::from(0),
            body: body.into(),
            meta,
            foreign: false,
        }
    }
}
