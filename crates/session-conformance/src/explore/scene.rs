//! How a run begins: which ids stand there, and which of them the requests' cookies name.

use std::sync::Arc;
use std::time::Duration;

use session_core::{
    Clock, CookieChange, Error, RecordStore, Result, SessionPolicy, SessionStorage,
};

use super::action::Action;
use super::content::{AT_FIRST, COUNT, Content, FLASH, KEYS, SHARED};
use super::world::{Node, State, World};

/// What stands in the store when the requests begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    /// One session, whose id every request holds.
    One,
    /// The same, where its idle deadline need not move yet.
    Fresh,
    /// A session that has moved: request A holds the old id, and the others the new one.
    Moved,
    /// The same, where the old values are still readable under the old id.
    Kept,
    /// A login that was clicked twice: two sessions that came from one, and the requests hold one each.
    Twins,
}

/// A scene, set.
pub(super) struct Stage {
    pub(super) store: Arc<dyn RecordStore>,
    pub(super) policy: SessionPolicy,
    pub(super) ids: Vec<String>,
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

    /// What requests do in it. Two saves in one request are tried on one session; elsewhere they add nothing. Nor does a fresh deadline,
    /// but to what changes nothing of what was found.
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

    /// How many ids stand in it.
    pub(super) fn ids(self) -> usize {
        match self {
            Self::One | Self::Fresh => 1,
            Self::Moved | Self::Kept => 2,
            Self::Twins => 3,
        }
    }

    /// Whether two requests may change places.
    pub(super) fn is_symmetric(self) -> bool {
        matches!(self, Self::One | Self::Fresh)
    }

    pub(super) fn world(self) -> World {
        let mut world = World::default();
        let mut base = Content {
            flash: b'x',
            ..Content::default()
        };
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

    /// Puts it into `store`, under fresh ids, and but for [`Fresh`](Self::Fresh) lets so much time pass that idle deadlines are to be moved.
    pub(super) async fn set(self, store: &Arc<dyn RecordStore>) -> Result<Stage> {
        let clock = Clock::manual();
        let policy = SessionPolicy::default()
            .idle(Duration::from_secs(100))
            .clock(clock.clone());
        let session = session_core::storage::empty(&policy);
        session.set(name(COUNT), &1)?;
        session.set(name(SHARED), &char::from(AT_FIRST))?;
        session.flash(FLASH, "x")?;
        let mut ids = vec![made(store.save(&session, &policy).await?.cookie)?];
        let first = ids.first().cloned();
        let mut sessions = Vec::new();
        for _ in 1..self.ids() {
            let session = store
                .read(first.as_deref().map(Into::into), &policy)
                .await?;
            session.regenerate_id_keeping_old_for(match self {
                Self::Kept => Duration::from_secs(60),
                _ => Duration::ZERO,
            })?;
            sessions.push(session);
        }
        for session in sessions {
            ids.push(made(store.save(&session, &policy).await?.cookie)?);
        }
        if self != Self::Fresh {
            clock.advance(Duration::from_secs(15));
        }
        Ok(Stage {
            store: Arc::clone(store),
            policy,
            ids,
        })
    }
}

fn made(cookie: CookieChange) -> Result<String> {
    match cookie {
        CookieChange::Set { value, .. } => Ok(value),
        CookieChange::Keep | CookieChange::Remove => Err(Error::Unsupported(
            "the store lost a session before the requests began",
        )),
    }
}

fn name(at: usize) -> &'static str {
    KEYS.get(at).copied().unwrap_or("?")
}

/// What a request of a run is to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) action: Action,
    pub(super) id: usize,
}
