//! What a request knows of its session.

use std::fmt;

use bytes::Bytes;
use tracing::debug;

use crate::body::{self, Content, Kind, Meta};
use crate::change::{Batch, Change, Text};
use crate::room::reset_list;
use crate::storage::Left;
use crate::{
    CookieChange, Error, FlashPolicy, Lifetime, Record, RecordKey, Result, SessionId,
    SessionPolicy, Version,
};

/// Everything behind a [`Session`](crate::Session)'s lock.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) policy: SessionPolicy,
    /// When the session was opened.
    opened: u64,
    /// The id under which `origin` stands.
    pub(crate) id: Option<SessionId>,
    pub(crate) origin: Origin,
    pub(crate) intent: Intent,
    /// How often the handler has said what is to become of the record: what it says during a save is for the next one.
    pub(crate) orders: u32,
    /// The session as this request left it; what a save writes.
    pub(crate) content: Content,
    /// The flash values that this request found, if any.
    found: Option<Box<Found>>,
    pub(crate) keep_flash: bool,
    /// Changes that no save has taken up yet.
    pub(crate) changes: Vec<Change>,
    /// Changes that a save took up, and that are not known to have taken effect.
    pub(crate) batches: Vec<Batch>,
    /// Whether any of the changes changed anything of what was found, or was sent.
    pub(crate) dirty: bool,
    pub(crate) lifetime: Option<Lifetime>,
    /// The id under which a new record will stand.
    pub(crate) next_id: Option<SessionId>,
    /// Where an unfinished `regenerate_id` has already put the new record.
    pub(crate) successor: Option<Box<Successor>>,
    /// A write was sent whose outcome is unknown, so that `origin` may be out of date.
    pub(crate) unsure: Option<Unsure>,
    /// Flash values that this request read and another had read before.
    pub(crate) missed: Vec<Text>,
    /// What the saves so far owe the browser.
    pub(crate) cookie: CookieChange,
    pub(crate) destroyed: bool,
    pub(crate) finished: bool,
}

/// The flash values of a record. Boxed, as what else few requests need: each open makes and moves a state.
#[derive(Debug)]
struct Found {
    /// Those that this request may still read, in `flash`.
    readable: Content,
    /// Those that it has read.
    consumed: Vec<(Text, Text)>,
}

/// A write whose outcome is unknown.
#[derive(Clone, Debug)]
pub(crate) struct Unsure {
    /// What it was sent on top of. Where another version stands, it has taken effect or never will.
    pub(crate) on: Version,
    /// Whether it is a tombstone, and no changes were sent on top of the same version.
    pub(crate) only_moves: bool,
}

/// What stands behind the session.
#[derive(Clone, Debug, Default)]
pub(crate) enum Origin {
    /// Nothing: it is new.
    #[default]
    New,
    /// A record, as it was last loaded or written.
    Live(Standing),
    /// A tombstone: another request moved the session to a new id.
    Moved(Standing),
    /// A tombstone: another request destroyed the session. This one has begun a new one.
    Destroyed(Standing),
}

/// A record as this request last saw it.
#[derive(Clone)]
pub(crate) struct Standing {
    pub(crate) key: RecordKey,
    pub(crate) version: Version,
    pub(crate) body: Bytes,
    pub(crate) meta: Meta,
    /// Whether the body has no meta yet, because another library wrote it.
    pub(crate) foreign: bool,
}

/// The new record of a regenerated session, which no browser knows yet.
#[derive(Clone, Debug)]
pub(crate) struct Successor {
    pub(crate) id: SessionId,
    pub(crate) standing: Standing,
    /// Whether it was built from the state of the old record that is in `origin`.
    pub(crate) current: bool,
}

/// What becomes of the record when the session is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Intent {
    #[default]
    Keep,
    /// A new id; the old one's values stay readable for so many milliseconds.
    Regenerate {
        keep_old: u64,
    },
    Restart,
    Destroy,
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing")
            .field("key", &self.key)
            .field("version", &self.version)
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}

impl Standing {
    /// A record that was found at `key`, and is still to be [read](Self::read).
    pub(crate) fn found(key: RecordKey, record: Record) -> Self {
        Self {
            key,
            version: record.version,
            body: record.body,
            meta: Meta::default(),
            foreign: false,
        }
    }

    /// A session that its storage sealed as one, without a key. The body is not here: the storage drafts the next from the content.
    pub(crate) fn sealed(meta: Meta) -> Self {
        Self {
            key: RecordKey::NONE,
            version: Version::from(0),
            body: Bytes::new(),
            meta,
            foreign: false,
        }
    }

    /// Reads what its `body` says, the values and flash values into `content`. Fails if that is no session's, or that of another
    /// key, unless it was sealed without one.
    pub(crate) fn read(
        &mut self,
        body: Bytes,
        policy: &SessionPolicy,
        now: u64,
        content: &mut Content,
    ) -> Result<()> {
        let key = (self.key != RecordKey::NONE).then_some(&self.key);
        self.foreign = !body::decode(body, key, content, &mut self.meta)?;
        if self.foreign {
            let deadline = policy.idle_deadline(now, Lifetime::Policy, now);
            self.meta = Meta::new(&self.key, now, deadline, Lifetime::Policy);
        }
        Ok(())
    }

    /// Whether its time is over.
    pub(crate) fn is_over(&self, policy: &SessionPolicy, now: u64) -> bool {
        let end = match self.meta.tombstone {
            Some(_) => self.meta.deadline,
            None => {
                let absolute = policy.absolute_deadline(self.meta.created, self.meta.lifetime);
                self.meta.deadline.min(absolute)
            }
        };
        end <= now
    }

    /// Whether it moved, and its values may still be read under the id that it had.
    fn is_kept(&self, now: u64) -> bool {
        let tombstone = self.meta.tombstone.as_ref();
        tombstone.is_some_and(|tombstone| tombstone.kept_until > now)
    }

    /// The same, now that it stands as this version.
    pub(crate) fn stored(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// The values and flash values as they stand in the record.
    pub(crate) fn content(&self) -> Result<Content> {
        let mut content = Content::default();
        body::decode(self.body.clone(), None, &mut content, &mut Meta::default())?;
        Ok(content)
    }
}

impl State {
    /// Forgets everything, as if it were new, and keeps the room of its lists.
    pub(crate) fn reset(&mut self) {
        let Self {
            policy,
            opened,
            id,
            origin,
            intent,
            orders,
            content,
            found,
            keep_flash,
            changes,
            batches,
            dirty,
            lifetime,
            next_id,
            successor,
            unsure,
            missed,
            cookie,
            destroyed,
            finished,
        } = self;
        *policy = SessionPolicy::default();
        *opened = 0;
        *id = None;
        *origin = Origin::New;
        *intent = Intent::Keep;
        *orders = 0;
        content.reset();
        *found = None;
        *keep_flash = false;
        reset_list(changes);
        reset_list(batches);
        *dirty = false;
        *lifetime = None;
        *next_id = None;
        *successor = None;
        *unsure = None;
        *missed = Vec::new();
        *cookie = CookieChange::Keep;
        *destroyed = false;
        *finished = false;
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.changes.capacity() + self.content.capacity()
    }

    /// Takes up what the record holds, if its time is not over. Without meaning where that fails.
    #[inline]
    pub(crate) fn open(&mut self, id: SessionId, key: RecordKey, record: Record) -> Result<()> {
        let body = record.body.clone();
        self.origin = Origin::Live(Standing::found(key, record));
        self.read(id, body)
    }

    /// The same with a body that its storage sealed together with `id`.
    #[inline]
    pub(crate) fn open_sealed(&mut self, id: SessionId, body: Bytes) -> Result<()> {
        self.origin = Origin::Live(Standing::sealed(Meta::default()));
        self.read(id, body)
    }

    #[inline]
    fn read(&mut self, id: SessionId, body: Bytes) -> Result<()> {
        let now = self.policy.now();
        let Origin::Live(standing) = &mut self.origin else {
            return Err(Self::lost());
        };
        standing.read(body, &self.policy, now, &mut self.content)?;
        if standing.is_over(&self.policy, now) {
            debug!("the session has expired; a new one begins");
            self.origin = Origin::New;
            self.content.clear();
            return Ok(());
        }
        self.opened = now;
        self.id = Some(id);
        match &standing.meta.tombstone {
            None => self.receive_flash(),
            Some(_) => self.find_retired(now),
        }
        Ok(())
    }

    /// Takes up that there is a tombstone where the session was.
    #[cold]
    fn find_retired(&mut self, now: u64) {
        let Origin::Live(standing) = std::mem::take(&mut self.origin) else {
            return;
        };
        let is_kept = standing.is_kept(now);
        if standing.meta.kind() == Some(Kind::Moved) {
            debug!(key = ?standing.key, "the session has a new id, and the cookie an old one");
            if !is_kept {
                self.content.clear();
            }
            self.origin = Origin::Moved(standing);
        } else {
            debug!(key = ?standing.key, "the session was destroyed; a new one begins");
            self.content.clear();
            self.origin = Origin::Destroyed(standing);
        }
    }

    /// Makes the flash values of the record readable, and with [`FlashPolicy::NextRequest`] takes them out of it.
    fn receive_flash(&mut self) {
        if self.content.flash.is_empty() {
            return;
        }
        let mut readable = self.content.clone();
        readable.values = Vec::new();
        let mut consumed = Vec::new();
        if self.policy.flash_policy() == FlashPolicy::NextRequest {
            let texts = |(key, value): (&[u8], &[u8])| (Text::from(key), Text::from(value));
            consumed.extend(self.content.texts(&self.content.flash).map(texts));
            let consume = |(key, value): &(Text, Text)| Change::Consume(key.clone(), value.clone());
            self.changes = consumed.iter().map(consume).collect();
            self.content.flash.clear();
            self.dirty = true;
        }
        self.found = Some(Box::new(Found { readable, consumed }));
    }

    /// The flash values that the request may still read.
    pub(crate) fn readable(&self) -> Option<&Content> {
        self.found.as_ref().map(|found| &found.readable)
    }

    /// The JSON text of a flash value that the request may still read.
    pub(crate) fn readable_flash(&self, key: &[u8]) -> Option<&[u8]> {
        self.readable()?.flash(key)
    }

    /// The request has read a flash value.
    pub(crate) fn consume_flash(&mut self, key: Text, json: Text) {
        if let Some(found) = &mut self.found {
            found.readable.unset_flash(&key);
            found.consumed.push((key, json));
        }
    }

    /// Takes the flash values that the request has read.
    pub(crate) fn take_consumed(&mut self) -> Vec<(Text, Text)> {
        let found = self.found.as_mut();
        found.map_or_else(Vec::new, |found| std::mem::take(&mut found.consumed))
    }

    pub(crate) fn forget_flash(&mut self) {
        self.found = None;
    }

    /// Fails where the session takes no more changes.
    pub(crate) fn writable(&self) -> Result<()> {
        if self.finished {
            Err(Error::Finished)
        } else if self.destroyed {
            Err(Error::Destroyed)
        } else {
            Ok(())
        }
    }

    /// Does `change` to the content, and notes it for the save.
    pub(crate) fn change(&mut self, change: Change) -> Result<()> {
        // What it does not find here is no news: the request has just read it.
        self.dirty |= change.apply(&mut self.content, &mut Vec::new())?;
        self.changes.push(change);
        Ok(())
    }

    /// Notes what is to become of the record.
    pub(crate) fn order(&mut self, intent: Intent) {
        self.intent = intent;
        self.orders = self.orders.wrapping_add(1);
    }

    /// Whether the session is to end, so that what it held is not for later.
    pub(crate) fn is_ending(&self) -> bool {
        matches!(self.intent, Intent::Destroy | Intent::Restart)
    }

    /// Forgets everything that the session held, and what was to become of it.
    pub(crate) fn empty(&mut self, intent: Intent) {
        self.order(intent);
        self.content.clear();
        self.forget_flash();
        self.changes.clear();
        self.batches.clear();
        self.dirty = false;
        self.lifetime = None;
    }

    pub(crate) fn id(&mut self) -> Result<SessionId> {
        let known = match (&self.origin, self.intent) {
            (Origin::Live(_) | Origin::Moved(_), Intent::Keep | Intent::Destroy) => {
                self.id.as_ref()
            }
            (_, Intent::Regenerate { .. }) => self.successor.as_ref().map(|it| &it.id),
            _ => None,
        };
        match known {
            Some(id) => Ok(id.clone()),
            None => self.next_id(),
        }
    }

    /// The id under which a new record will stand, drawn when it is first asked for.
    pub(crate) fn next_id(&mut self) -> Result<SessionId> {
        if let Some(id) = &self.next_id {
            return Ok(id.clone());
        }
        let id = SessionId::random()?;
        self.next_id = Some(id.clone());
        Ok(id)
    }

    pub(crate) fn standing_cookie(&self) -> Option<SessionId> {
        match &self.origin {
            Origin::Live(_) => self.id.clone(),
            _ => None,
        }
    }

    /// Whether this request is going to write the record, and with it a later deadline.
    fn moves_deadline(&self, live: &Standing) -> bool {
        self.dirty || self.intent != Intent::Keep || self.touch_is_due(live, self.opened)
    }

    /// Whether the request's cookie named a session that lives, or that may still be read under this id.
    pub(crate) fn was_found(&self) -> bool {
        match &self.origin {
            Origin::Live(_) => true,
            Origin::Moved(moved) => moved.is_kept(self.opened),
            Origin::New | Origin::Destroyed(_) => false,
        }
    }

    /// When the session ends if nothing uses it after this request.
    pub(crate) fn expires(&self) -> u64 {
        let now = self.policy.now();
        let (created, lifetime) = self.span(now);
        match &self.origin {
            Origin::Live(live) if !self.moves_deadline(live) => {
                let absolute = self.policy.absolute_deadline(created, lifetime);
                live.meta.deadline.min(absolute)
            }
            _ => self.policy.idle_deadline(created, lifetime, now),
        }
    }

    /// When the session was first saved and for how long it may live, where no new lifetime was set.
    pub(crate) fn span(&self, now: u64) -> (u64, Lifetime) {
        match (self.lifetime, &self.origin, self.intent) {
            (Some(lifetime), _, _) => (now, lifetime),
            (None, Origin::Live(live), Intent::Keep | Intent::Regenerate { .. }) => {
                (live.meta.created, live.meta.lifetime)
            }
            _ => (now, Lifetime::Policy),
        }
    }

    /// The record that the session goes on from.
    pub(crate) fn old(&self) -> Result<&Standing> {
        match &self.origin {
            Origin::Live(old) | Origin::Moved(old) => Ok(old),
            Origin::New | Origin::Destroyed(_) => Err(Self::lost()),
        }
    }

    /// That there is no such record where one must be.
    pub(crate) fn lost() -> Error {
        Error::corrupt("lost track of the session; this is a defect of session-core")
    }

    /// What the last save has to do.
    pub(crate) fn left(&self) -> Left {
        if self.dirty || self.intent != Intent::Keep || self.cookie != CookieChange::Keep {
            return Left::Changes;
        }
        match &self.origin {
            // They changed nothing of what was found, and that may not stand any more.
            Origin::Live(_) | Origin::Moved(_) if !self.changes.is_empty() => Left::Changes,
            Origin::Live(live) if self.touch_is_due(live, self.opened) => Left::Deadline,
            Origin::New | Origin::Destroyed(_) if !self.content.is_empty() => Left::Changes,
            _ => Left::Nothing,
        }
    }

    /// All changes that are not known to have taken effect.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Change> {
        let sent = self.batches.iter().flat_map(|batch| batch.changes.iter());
        sent.chain(&self.changes)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::body::WriteId;

    /// One in which nothing is as in a new one.
    fn used() -> State {
        let id = || SessionId::random().unwrap();
        let text = |text: &str| Text::from(text.as_bytes());
        let standing = Standing::sealed(Meta::default());
        let mut content = Content::default();
        let body = Bytes::from_static(br#"[{"user":42},{"notice":1}]"#);
        body::decode(body, None, &mut content, &mut Meta::default()).unwrap();
        State {
            policy: SessionPolicy::default().idle(Duration::from_secs(1)),
            opened: 1,
            id: Some(id()),
            origin: Origin::Live(standing.clone()),
            intent: Intent::Destroy,
            orders: 1,
            content,
            found: Some(Box::new(Found {
                readable: Content::default(),
                consumed: Vec::new(),
            })),
            keep_flash: true,
            changes: vec![Change::Clear],
            batches: vec![Batch {
                id: WriteId::new(1),
                changes: vec![Change::Clear],
            }],
            dirty: true,
            lifetime: Some(Lifetime::BrowserSession),
            next_id: Some(id()),
            successor: Some(Box::new(Successor {
                id: id(),
                standing,
                current: true,
            })),
            unsure: Some(Unsure {
                on: Version::from(1),
                only_moves: true,
            }),
            missed: vec![text("notice")],
            cookie: CookieChange::Remove,
            destroyed: true,
            finished: true,
        }
    }

    #[test]
    fn what_was_reset_is_as_new() {
        let mut state = used();
        state.reset();
        assert_eq!(format!("{state:?}"), format!("{:?}", State::default()));
        // What that does not show.
        assert!(state.content.is_new());
        assert!(state.policy.is_default());
    }
}
