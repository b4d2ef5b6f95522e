//! What a request knows about its session.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::lock;
use tracing::debug;

use crate::body::{Content, Kind, Members, Text};
use crate::change::{Batch, Change};
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::origin::{Intent, Origin, Successor, Unanswered};
use crate::outcome::CookieChange;
use crate::policy::{FlashPolicy, Lifetime, SessionPolicy};
use crate::record::{Record, RecordKey};
use crate::sign_in::SignIn;
use crate::snapshot::Snapshot;

#[doc = include_str!("../docs/session.md")]
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Held during a save, so that there is one at a time.
    saving: lock::Mutex<()>,
}

impl Session {
    pub(crate) fn new(policy: &SessionPolicy) -> Self {
        let session = Self { shared: Arc::default() };
        session.state().policy = policy.clone();
        session
    }

    /// Opens the record that was found at `key`, or starts a new session if it has expired.
    pub(crate) fn open(
        id: SessionId,
        key: RecordKey,
        record: Record,
        policy: &SessionPolicy,
    ) -> Result<Self> {
        let session = Self::new(policy);
        session.state().open(id, key, record)?;
        Ok(session)
    }

    /// A new session in place of the record at `key`, which cannot be read.
    pub(crate) fn in_place_of_damaged(key: RecordKey, policy: &SessionPolicy) -> Self {
        let session = Self::new(policy);
        session.state().origin = Origin::Damaged(key);
        session
    }

    pub(crate) fn state(&self) -> StateGuard<'_> {
        let state = self.shared.state.lock();
        StateGuard { state: state.unwrap_or_else(PoisonError::into_inner), dropped: Vec::new() }
    }

    /// Waits until no other save of this session is under way.
    pub(crate) async fn start_save(&self) -> lock::MutexGuard<'_, ()> {
        self.shared.saving.lock().await
    }
}

/// The lock of a session's state. No code of the application runs while it is held.
///
/// A change may hold a closure of the application, and dropping it may run code that uses the
/// session. So changes that were removed from the state are dropped after the lock is released:
/// fields are dropped in this order.
pub(crate) struct StateGuard<'a> {
    state: MutexGuard<'a, State>,
    dropped: Vec<Change>,
}

impl Deref for StateGuard<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for StateGuard<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl Drop for StateGuard<'_> {
    fn drop(&mut self) {
        self.dropped = std::mem::take(&mut self.state.removed);
    }
}

/// Everything behind a [`Session`]'s lock.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) policy: SessionPolicy,
    /// When the session was opened; 0 if it is new.
    pub(crate) opened_at: u64,
    /// The id of `origin`.
    pub(crate) id: Option<SessionId>,
    pub(crate) origin: Origin,
    /// The ids in further cookies of the request; a logout ends their sessions too.
    pub(crate) also_end: Vec<SessionId>,
    pub(crate) intent: Intent,
    /// Counts the intents that the handler has set: a save leaves one alone that is set meanwhile.
    pub(crate) intent_revision: u32,
    /// The session as this request sees it; what a save writes.
    pub(crate) content: Content,
    /// The flash values that this request may still read.
    pub(crate) readable_flash: Members,
    /// The flash values that this request has read.
    pub(crate) consumed_flash: Vec<(Text, Text)>,
    pub(crate) keep_flash: bool,
    /// Changes that no save has sent yet.
    pub(crate) changes: Vec<Change>,
    /// Changes that a save has sent, and that are not known to have taken effect.
    pub(crate) batches: Vec<Batch>,
    /// Changes that were removed from these lists, to be dropped without the lock.
    removed: Vec<Change>,
    /// Whether any of the changes changed anything.
    pub(crate) dirty: bool,
    /// The login that this request asks for.
    pub(crate) sign_in: Option<SignIn>,
    /// The name of the account that the record in `origin` is signed in to.
    pub(crate) account: Option<Text>,
    /// The lifetime that this request sets.
    pub(crate) lifetime: Option<Lifetime>,
    /// The id that a new record will get.
    pub(crate) next_id: Option<SessionId>,
    /// The new record of an unfinished `regenerate_id`.
    pub(crate) successor: Option<Box<Successor>>,
    /// A write whose outcome is unknown, so that `origin` may be out of date.
    pub(crate) unanswered: Option<Unanswered>,
    /// The keys of flash values that another request had consumed before.
    pub(crate) missed_flash: Vec<Text>,
    /// What the browser must be told about the cookie because of the saves so far.
    pub(crate) cookie: CookieChange,
    /// Whether this request or another one has destroyed the session: it takes no changes then.
    pub(crate) destroyed: bool,
    pub(crate) closed: bool,
}

/// See [`Session::MAX_KEYS`]. Keys are searched one by one.
pub(crate) const MAX_KEYS: usize = 1000;

impl State {
    fn open(&mut self, id: SessionId, key: RecordKey, record: Record) -> Result<()> {
        let now = self.policy.now();
        let (snapshot, content) = Snapshot::decode(key, record, &self.policy, now)?;
        if snapshot.is_over(&self.policy, now) {
            debug!("the session has expired; starting a new one");
            if snapshot.meta.tombstone.is_none() {
                self.origin = Origin::Expired(snapshot);
            }
            return Ok(());
        }
        self.opened_at = now;
        self.origin = match snapshot.meta.kind() {
            None => {
                self.account = snapshot.account_name(&id)?;
                self.content = content;
                self.receive_flash();
                Origin::Live(snapshot)
            }
            Some(Kind::Moved) => {
                debug!(key = ?snapshot.key, "the session has a new id, and the cookie an old one");
                if snapshot.is_readable_after_move(now) {
                    self.content = content;
                }
                Origin::Moved(snapshot)
            }
            Some(Kind::Destroyed) => {
                debug!(key = ?snapshot.key, "the session was destroyed; starting a new one");
                Origin::Destroyed(snapshot)
            }
        };
        self.id = Some(id);
        Ok(())
    }

    /// Makes the flash values in the record readable, and consumes them under
    /// [`FlashPolicy::NextRequest`].
    fn receive_flash(&mut self) {
        self.readable_flash = self.content.flash.clone();
        if self.policy.flash_policy() == FlashPolicy::NextRequest {
            let flash = std::mem::take(&mut self.content.flash);
            for (key, json) in flash.iter().map(|(key, json)| (Text::from(key), Text::from(json))) {
                let change = Change::ConsumeFlash(key.clone(), json.clone());
                self.changes.push(change);
                self.consumed_flash.push((key, json));
                self.dirty = true;
            }
        }
    }

    /// Fails if the session takes no more changes.
    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.closed {
            Err(Error::Closed)
        } else if self.destroyed {
            Err(Error::Destroyed)
        } else {
            Ok(())
        }
    }

    /// Fails if `change` would add a key beyond the limit. Only a request's own changes are checked:
    /// a replay must not fail because of what another request has set.
    pub(crate) fn check_key_count(&self, change: &Change) -> Result<()> {
        let (members, key) = match change {
            Change::Set(key, _) => (&self.content.values, key),
            Change::Flash(key, _) => (&self.content.flash, key),
            _ => return Ok(()),
        };
        if members.len() < MAX_KEYS || members.contains(key) {
            return Ok(());
        }
        Err(Error::TooManyKeys { limit: MAX_KEYS })
    }

    /// Applies `change` to this request's view, and records it for the save.
    pub(crate) fn change(&mut self, change: Change) -> Result<()> {
        self.check_key_count(&change)?;
        // A flash value that is missing here was not missed: this request has just read it.
        self.dirty |= change.apply(&mut self.content, &mut Vec::new())?;
        self.changes.push(change);
        Ok(())
    }

    pub(crate) fn set_intent(&mut self, intent: Intent) {
        self.intent = intent;
        self.intent_revision = self.intent_revision.wrapping_add(1);
    }

    pub(crate) fn is_ending(&self) -> bool {
        matches!(self.intent, Intent::Destroy | Intent::Restart)
    }

    /// Drops everything in the session, and all changes.
    pub(crate) fn clear(&mut self, intent: Intent) {
        self.set_intent(intent);
        self.content.clear();
        self.forget_flash();
        self.remove_all_changes();
        self.dirty = false;
        self.sign_in = None;
        self.lifetime = None;
    }

    /// Whether a new session needs a record.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        !self.content.is_empty() || self.sign_in.is_some()
    }

    /// Starts a new session in place of one that its account does not list any more.
    pub(crate) fn sign_out(&mut self) {
        if let Origin::Live(snapshot) = std::mem::take(&mut self.origin) {
            self.origin = Origin::Expired(snapshot);
        }
        self.clear(Intent::Keep);
        self.id = None;
        self.account = None;
    }

    /// Removes the first `count` changes that no save has sent.
    pub(crate) fn remove_changes(&mut self, count: usize) {
        let count = count.min(self.changes.len());
        self.removed.extend(self.changes.drain(..count));
    }

    /// Removes the first `count` batches.
    pub(crate) fn remove_batches(&mut self, count: usize) {
        let batches = self.batches.drain(..count);
        self.removed.extend(batches.flat_map(|batch| batch.changes));
    }

    pub(crate) fn remove_all_changes(&mut self) {
        self.remove_changes(self.changes.len());
        self.remove_batches(self.batches.len());
    }

    pub(crate) fn forget_flash(&mut self) {
        self.readable_flash.clear();
        self.consumed_flash.clear();
    }

    pub(crate) fn id(&mut self) -> Result<SessionId> {
        let known = match (&self.origin, self.intent) {
            (Origin::Live(_) | Origin::Moved(_), Intent::Keep | Intent::Destroy) => &self.id,
            (_, Intent::Regenerate { .. }) => &self.successor.as_ref().map(|it| it.id.clone()),
            _ => &None,
        };
        match known {
            Some(id) => Ok(id.clone()),
            None => self.next_id(),
        }
    }

    /// The id that a new record will get, made when it is first asked for.
    pub(crate) fn next_id(&mut self) -> Result<SessionId> {
        if let Some(id) = &self.next_id {
            return Ok(id.clone());
        }
        let id = SessionId::random()?;
        self.next_id = Some(id.clone());
        Ok(id)
    }

    /// Where the session is stored now, and where a login that is not finished has put it.
    pub(crate) fn record_keys(&self) -> Vec<RecordKey> {
        let successor = self.successor.iter().map(|successor| successor.snapshot.key.clone());
        successor.chain(self.base().ok().map(|base| base.key.clone())).collect()
    }

    /// The id that a browser with this session sends, if the session is stored.
    pub(crate) fn current_id(&self) -> Option<SessionId> {
        match &self.origin {
            Origin::Live(_) => self.id.clone(),
            _ => None,
        }
    }

    /// Whether the request's cookie named a live session, or one that may still be read under its
    /// old id.
    pub(crate) fn existed(&self) -> bool {
        match &self.origin {
            Origin::Live(_) => true,
            Origin::Moved(moved) => moved.is_readable_after_move(self.opened_at),
            Origin::New | Origin::Destroyed(_) | Origin::Damaged(_) | Origin::Expired(_) => false,
        }
    }

    /// The record that this session continues.
    pub(crate) fn base(&self) -> Result<&Snapshot> {
        match &self.origin {
            Origin::Live(base) | Origin::Moved(base) => Ok(base),
            Origin::New | Origin::Destroyed(_) | Origin::Damaged(_) | Origin::Expired(_) => {
                Err(Self::inconsistent())
            }
        }
    }

    pub(crate) fn inconsistent() -> Error {
        Error::corrupt(
            "the session's state is inconsistent; this is a defect of session-core, please report it",
        )
    }

    /// All changes that are not known to have taken effect.
    pub(crate) fn pending_changes(&self) -> impl Iterator<Item = &Change> {
        let sent = self.batches.iter().flat_map(|batch| batch.changes.iter());
        sent.chain(&self.changes)
    }
}
