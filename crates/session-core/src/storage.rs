//! What request handling sees of a backend, and what the author of a storage needs.
//!
//! Most backends implement [`RecordStore`] and get [`SessionStorage`] with it. The functions here are for those that cannot: a
//! storage that keeps the data elsewhere than in records, as the cookie storage does. It opens a session with [`open`] or
//! [`empty`], asks [`draft`] what the request did, and tells [`settle`] once that is kept.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use crate::answer::Answer;
pub use crate::draft::{Action, Draft, draft, settle};
use crate::engine;
use crate::{Record, RecordKey, RecordStore, Result, Session, SessionId, SessionPolicy, Version};

/// Where sessions are kept, as request handling sees it: a cookie's value becomes a session, a session becomes a cookie's value.
///
/// Every [`RecordStore`] is one. Implement this trait itself only where there are no records; see [the module](self).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot keep sessions",
    label = "does not implement `SessionStorage`",
    note = "a backend implements `session_core::RecordStore` and is a `SessionStorage` by it",
    note = "`Arc<dyn RecordStore>`, `Arc<dyn SessionStorage>` and `Box<dyn SessionStorage>` are one too"
)]
pub trait SessionStorage: fmt::Debug + Send + Sync + 'static {
    /// What the cookie carries: an id, or the data itself, which must then be encrypted.
    fn content(&self) -> CookieContent {
        CookieContent::Id
    }

    /// The records behind this storage, if that is what it keeps: [`save`] then works on them, and spares a boxed future.
    fn records(&self) -> Option<&dyn RecordStore> {
        None
    }

    /// Opens the session that `cookie` names, verified and decoded; a new, empty one if it names none that lives. What was decrypted
    /// comes owned, for the storage to keep.
    ///
    /// It opens it under this `policy`, which has behind it what [`Session::commit`] saves to, and does not keep the policy: that would
    /// keep the storage alive for ever. A request that opens its session in two tasks at once may call it twice.
    ///
    /// # Errors
    ///
    /// The backend failed. A session is never handed out empty because a load failed: it would later overwrite the real one.
    fn read<'a>(
        &'a self,
        cookie: Option<Cow<'a, str>>,
        policy: &'a SessionPolicy,
    ) -> Answer<'a, Session>;

    /// Persists what the request did to `session`, and says what becomes of the cookie.
    ///
    /// Request handling has one save of a session under way at a time (see [`save`]), but may ask for one and drop it before it is
    /// polled, where it would rather not wait: do nothing outside of the future but what needs no waiting at all.
    ///
    /// Dropping the future half-way leaves the session such that a later save neither loses a change nor makes it twice.
    ///
    /// # Errors
    ///
    /// The changes were not kept, or it is unknown whether they were.
    fn save<'a>(&'a self, session: &'a Session, policy: &'a SessionPolicy) -> Answer<'a, Saved>;
}

/// What the value of the session's cookie is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieContent {
    /// An id: signed, so that nobody can try out ids.
    Id,
    /// The session's data: encrypted.
    Data,
}

/// What a save did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Saved {
    /// What becomes of the cookie.
    pub cookie: CookieChange,
    /// What became of the session.
    pub outcome: Outcome,
}

/// What becomes of the session's cookie with this response.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum CookieChange {
    /// Nothing.
    #[default]
    Keep,
    /// The browser gets this value. It is one that this request made: an existing id is never sent again.
    Set {
        /// The id, or the data; not yet signed or encrypted.
        value: String,
        /// For how long the browser keeps it; `None` until it closes.
        max_age: Option<Duration>,
    },
    /// The browser forgets it.
    Remove,
}

/// What became of the session in a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// There was nothing to write.
    Unchanged,
    /// It was written, as this request saw it.
    Stored,
    /// It was written on top of what other requests wrote in between.
    Merged,
    /// It is gone: by this request, or by a logout that came in between.
    Destroyed,
}

/// Prints no value.
impl fmt::Debug for CookieChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("Keep"),
            Self::Set { max_age, .. } => write!(f, "Set {{ max_age: {max_age:?}, .. }}"),
            Self::Remove => f.write_str("Remove"),
        }
    }
}

/// The engine: a store of records keeps sessions.
impl<S: RecordStore> SessionStorage for S {
    fn records(&self) -> Option<&dyn RecordStore> {
        Some(self)
    }

    fn read<'a>(
        &'a self,
        cookie: Option<Cow<'a, str>>,
        policy: &'a SessionPolicy,
    ) -> Answer<'a, Session> {
        engine::open(self, cookie.as_deref(), policy)
    }

    fn save<'a>(&'a self, session: &'a Session, policy: &'a SessionPolicy) -> Answer<'a, Saved> {
        Answer::Later(Box::pin(engine::save(self, session, policy)))
    }
}

macro_rules! forward_session_storage {
    ($($pointer:ident),*) => {$(
        #[deny(clippy::missing_trait_methods)]
        impl SessionStorage for $pointer<dyn SessionStorage> {
            fn content(&self) -> CookieContent {
                (**self).content()
            }

            fn records(&self) -> Option<&dyn RecordStore> {
                (**self).records()
            }

            fn read<'a>(
        &'a self,
        cookie: Option<Cow<'a, str>>,
        policy: &'a SessionPolicy,
    ) -> Answer<'a, Session> {
                (**self).read(cookie, policy)
            }

            fn save<'a>(
                &'a self,
                session: &'a Session,
                policy: &'a SessionPolicy,
            ) -> Answer<'a, Saved> {
                (**self).save(session, policy)
            }
        }
    )*};
}

forward_session_storage!(Arc, Box);

/// Persists what a request did, as [`SessionStorage::save`], once no other save of the session is under way.
///
/// A storage that wraps another calls that one's own `save`: this would wait for itself.
///
/// # Errors
///
/// As there.
pub async fn save(
    storage: &dyn SessionStorage,
    session: &Session,
    policy: &SessionPolicy,
) -> Result<Saved> {
    match storage.records() {
        // The engine waits for its turn itself.
        Some(store) => engine::save(store, session, policy).await,
        None => {
            let _turn = session.saving_around().lock().await;
            storage.save(session, policy).await
        }
    }
}

/// [`save`], where that need not wait; `None` where it must, and nothing was done.
pub fn save_now(
    storage: &dyn SessionStorage,
    session: &Session,
    policy: &SessionPolicy,
) -> Option<Result<Saved>> {
    if storage.records().is_some() {
        return None;
    }
    let _turn = session.saving_around().try_lock()?;
    match storage.save(session, policy) {
        Answer::Now(saved) => Some(saved),
        Answer::Later(_) => None,
    }
}

/// A new, empty session.
///
/// ```
/// use session_core::{SessionPolicy, storage};
///
/// let session = storage::empty(&SessionPolicy::default());
/// assert!(session.is_new() && session.is_empty());
/// ```
pub fn empty(policy: &SessionPolicy) -> Session {
    Session::new(policy)
}

/// The session in `body`, which a storage kept under `id`; a new, empty one if its time is over.
///
/// # Errors
///
/// [`Error::Store`](crate::Error::Store) of kind `Corrupt` if the body is not a session's, or not that id's.
pub fn open(id: SessionId, body: Bytes, policy: &SessionPolicy) -> Result<Session> {
    let key = RecordKey::hashed(&id);
    let version = Version::from(0);
    Session::open(id, key, Record { body, version }, policy)
}

/// As [`open`], for a storage that has sealed `id` and `body` as one: whether they belong together is not asked again. A body that was
/// looked up by its id is one for [`open`]. What is [drafted](draft) under the same id keeps the tag of this body (`k` in
/// `docs/formats.md`), unasked as well.
///
/// # Errors
///
/// [`Error::Store`](crate::Error::Store) of kind `Corrupt` if the body is not a session's.
pub fn open_sealed(id: SessionId, body: Bytes, policy: &SessionPolicy) -> Result<Session> {
    Session::open_sealed(id, body, policy)
}

/// `policy` with `storage` behind it: [`Session::commit`] works on the sessions that are opened under it.
pub fn bind(policy: SessionPolicy, storage: Arc<dyn SessionStorage>) -> SessionPolicy {
    policy.bound_to(storage)
}

/// Makes `session` read-only: whatever would change it is [`Error::Finished`](crate::Error::Finished) from now on. Request
/// handling calls it before the save that belongs to the response, and is told what that has to do.
pub fn finish(session: &Session) -> Left {
    let mut state = session.state();
    state.finished = true;
    state.left()
}

/// Drops `session`, after the last save of its request, and keeps its room for a later one on this thread, with nothing else of it. Where
/// somebody still holds the session, nothing is kept.
pub fn release(session: Session) {
    session.release();
}

/// What is left to do for a session by the save that belongs to the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing, and the save can be left out: the session holds what it was opened with, its deadline need not move, and nothing
    /// is owed to the browser.
    Nothing,
    /// To move its deadline at the most: it holds what it was opened with, and nothing is owed to the browser.
    Deadline,
    /// To keep what the request did to it, its end or its new id included, or to give the browser its cookie.
    Changes,
}

/// What the saves of `session` so far owe the browser, for a response whose last save failed.
pub fn owed_cookie(session: &Session) -> CookieChange {
    session.state().cookie.clone()
}

/// Whether there is a session behind the request's cookie: one that lives, or one with a new id whose values are kept readable under this
/// one.
pub fn was_found(session: &Session) -> bool {
    session.state().was_found()
}

/// The id that a browser which holds `session` sends. `None` if nothing is stored yet.
pub fn standing_cookie(session: &Session) -> Option<SessionId> {
    session.state().standing_cookie()
}
