//! How a run begins: which sessions there are, and which of their ids the requests' cookies name.

use std::sync::Arc;
use std::time::Duration;

use session_core::{
    Clock, CookieChange, Error, RecordStore, Result, Session, SessionPolicy, SessionStorage,
};

use super::action::Action;
use super::content::{AT_FIRST, COUNT, Content, FLASH, SHARED, key};
use super::world::{Node, State, World};

/// What is in the store when the requests begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    /// One session, whose id every request has. Its idle deadline must be moved.
    One,
    /// The same, but the idle deadline need not be moved yet.
    Fresh,
    /// A session that has moved: request A has the old id, the others have the new one.
    Moved,
    /// The same, but the old values are still readable under the old id.
    Kept,
    /// A login that was clicked twice: two sessions that came from one, and each request has one.
    Twins,
}

/// A scene that was set up in a store.
pub(super) struct Setup {
    pub(super) store: Arc<dyn RecordStore>,
    pub(super) policy: SessionPolicy,
    /// How far the clock of each server is ahead of that of the one before.
    skew: Duration,
    pub(super) ids: Vec<String>,
}

impl Setup {
    /// The policy on the server of request number `who`.
    pub(super) fn policy_of(&self, who: usize) -> SessionPolicy {
        let servers = u32::try_from(who).unwrap_or_default();
        let clock = self.policy.time().ahead_by(self.skew * servers);
        self.policy.clone().clock(clock)
    }

    pub(super) async fn open(&self, id: &str) -> Result<Session> {
        self.store.read(Some(id), &self.policy).await
    }
}

impl Scene {
    pub(super) const ALL: [Self; 5] =
        [Self::One, Self::Fresh, Self::Moved, Self::Kept, Self::Twins];

    /// Which id the cookie of request number `who` names.
    pub(super) fn id(self, who: usize) -> usize {
        match self {
            Self::One | Self::Fresh => 0,
            Self::Moved | Self::Kept => who.min(1),
            Self::Twins => 1 + who.min(1),
        }
    }

    /// What requests do in it. Two saves in one request are tried on one session only; elsewhere
    /// they add nothing. A fresh deadline matters only to requests that leave the session as they
    /// found it.
    pub(super) fn actions(self) -> Vec<Action> {
        match self {
            Self::One => Action::ALL.to_vec(),
            Self::Fresh => vec![
                Action::SetAgain,
                Action::SetShared,
                Action::Unset,
                Action::Regenerate,
                Action::Destroy,
            ],
            Self::Moved | Self::Kept | Self::Twins => Action::once().collect(),
        }
    }

    /// How many ids there are.
    pub(super) fn ids(self) -> usize {
        match self {
            Self::One | Self::Fresh => 1,
            Self::Moved | Self::Kept => 2,
            Self::Twins => 3,
        }
    }

    /// Whether all requests have the same id.
    pub(super) fn is_symmetric(self) -> bool {
        matches!(self, Self::One | Self::Fresh)
    }

    pub(super) fn world(self) -> World {
        let mut world = World::default();
        let mut base = Content { flash: b'x', ..Content::default() };
        base.set(COUNT, 1);
        base.set(SHARED, AT_FIRST);
        let mut first = Node::live(base);
        for at in 1..self.ids() {
            let mut node = Node::live(base);
            node.previous = 1;
            world.put(at, node);
            first.state = State::Moved(match self {
                Self::Kept => Content { flash: 0, ..base },
                _ => Content::default(),
            });
            first.successors |= 1 << at;
        }
        world.put(0, first);
        world
    }

    /// Puts it into `store`, under fresh ids. Except in [`Fresh`](Self::Fresh), so much time passes
    /// that idle deadlines must be moved.
    pub(super) async fn set_up(
        self,
        skew: Duration,
        store: &Arc<dyn RecordStore>,
    ) -> Result<Setup> {
        let clock = Clock::manual();
        let policy = SessionPolicy::default().idle(Duration::from_secs(100)).clock(clock.clone());
        let session = session_core::storage::empty(&policy);
        session.set(key(COUNT), &1)?;
        session.set(key(SHARED), &char::from(AT_FIRST))?;
        session.flash(FLASH, "x")?;
        let mut ids = vec![new_id(store.save(&session, &policy).await?.cookie)?];
        let first = ids.first().cloned();
        let mut sessions = Vec::new();
        for _ in 1..self.ids() {
            let session = store.read(first.as_deref(), &policy).await?;
            session.regenerate_id_keeping_old_for(match self {
                Self::Kept => Duration::from_secs(120),
                _ => Duration::ZERO,
            })?;
            sessions.push(session);
        }
        for session in sessions {
            ids.push(new_id(store.save(&session, &policy).await?.cookie)?);
        }
        if self != Self::Fresh {
            clock.advance(Duration::from_secs(15));
        }
        Ok(Setup { store: Arc::clone(store), policy, skew, ids })
    }
}

fn new_id(cookie: CookieChange) -> Result<String> {
    match cookie {
        CookieChange::Set { value, .. } => Ok(value),
        CookieChange::Keep | CookieChange::Remove => {
            Err(Error::Unsupported("the store lost a session before the requests began"))
        }
    }
}

/// What a request of a run does, and with which id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) action: Action,
    pub(super) id: usize,
}
