//! The room of a session, which a later session on the thread takes over: to make it anew, and to free it, is a good part of what it
//! costs to read one.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

use triomphe::{Arc, UniqueArc};

use crate::SessionPolicy;
use crate::state::State;

#[derive(Default)]
pub(crate) struct Room {
    pub(crate) state: Mutex<State>,
    /// Held while a save is under way, so that there is one at a time. It is not fair: a task that commits in a loop may hold up others,
    /// until the response is made and its commits fail.
    pub(crate) saving: futures_util::lock::Mutex<()>,
    /// The same around the save of a storage without records, in which there may be one that has them.
    pub(crate) saving_around: futures_util::lock::Mutex<()>,
}

thread_local! {
    /// Nothing of an earlier session is in it.
    static SPARE: Cell<Option<UniqueArc<Room>>> = const { Cell::new(None) };
}

impl Room {
    /// An empty one, to be filled where it stays: what is made elsewhere first is copied then.
    #[inline]
    pub(crate) fn new(policy: &SessionPolicy) -> UniqueArc<Self> {
        // There is none while the thread ends.
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        let mut room = spare.unwrap_or_else(Self::anew);
        room.alone().policy = policy.clone();
        room
    }

    /// By itself, since a session as a rule gets an earlier one's.
    #[inline(never)]
    fn anew() -> UniqueArc<Self> {
        UniqueArc::new(Self::default())
    }

    /// The state of a session that nobody else has yet.
    #[inline]
    pub(crate) fn alone(&mut self) -> &mut State {
        let state = self.state.get_mut();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// Empties it for a later session, if nobody else has it.
    #[inline]
    pub(crate) fn release(room: Arc<Self>) {
        let Ok(mut room) = Arc::try_unique(room) else {
            return;
        };
        room.alone().reset();
        let Self {
            state,
            saving,
            saving_around,
        } = &mut *room;
        // What panicked under the lock, as decoding may, left a whole state.
        state.clear_poison();
        // A guard that was forgotten would hold them for good.
        *saving = futures_util::lock::Mutex::default();
        *saving_around = futures_util::lock::Mutex::default();
        let _ = SPARE.try_with(|spare| spare.set(Some(room)));
    }
}

/// A list with room for more is not kept.
const MOST: usize = 64;

/// Empties a list for a later session.
pub(crate) fn reset_list<T>(list: &mut Vec<T>) {
    list.clear();
    list.shrink_to(MOST);
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::{Session, SessionId, storage};

    fn spare() -> Option<UniqueArc<Room>> {
        SPARE.take()
    }

    /// One with what a request can leave in it.
    fn used(destroyed: bool) -> Session {
        let id = SessionId::random().unwrap();
        let body = bytes::Bytes::from_static(br#"[{"user":42},{"notice":"hello"}]"#);
        let policy = SessionPolicy::default();
        let session = storage::open(id, body, &policy).unwrap();
        session.set("secret", "of a stranger").unwrap();
        session.get::<String>("notice").unwrap();
        session.keep_flash().unwrap();
        session.regenerate_id().unwrap();
        if destroyed {
            session.destroy().unwrap();
        }
        session
    }

    #[test]
    fn a_later_session_finds_an_empty_room() {
        for destroyed in [false, true] {
            spare();
            let session = used(destroyed);
            storage::finish(&session);
            std::mem::forget(session.saving_around().try_lock().unwrap());
            std::mem::forget(session.turn().now_or_never().unwrap());
            storage::release(session);
            let mut room = spare().unwrap();
            let left = format!("{:?}", room.alone());
            assert_eq!(left, format!("{:?}", State::default()));
            for lock in [&room.saving, &room.saving_around] {
                assert!(lock.try_lock().is_some());
            }
        }
    }

    #[test]
    fn a_session_that_somebody_holds_keeps_its_room() {
        spare();
        let session = used(false);
        let before = format!("{session:?}");
        let held = session.clone();
        storage::release(session);
        assert!(spare().is_none());
        assert_eq!(format!("{held:?}"), before);
    }

    #[test]
    fn a_large_room_is_not_kept() {
        let policy = SessionPolicy::default();
        let session = storage::empty(&policy);
        for number in 0..1_000 {
            session
                .set(format!("key{number}").as_str(), &number)
                .unwrap();
        }
        storage::release(session);
        let mut room = spare().unwrap();
        assert!(
            room.alone().capacity() <= 3 * MOST,
            "{}",
            room.alone().capacity()
        );
    }
}
