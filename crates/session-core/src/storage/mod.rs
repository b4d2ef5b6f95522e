//! The storage interface as request handling sees it, and what the author of a storage needs.
//!
//! Most backends implement [`RecordStore`] and get [`SessionStorage`] with it. The other items here
//! have two groups of users:
//!
//! - A storage that keeps the data elsewhere than in records, as the cookie storage does. It opens
//!   a session with [`open`] or [`empty`], asks [`draft`] what the request did, and calls
//!   [`Draft::settle`] once that is kept.
//! - Request handling, such as session-http: [`found`], [`also_end`], [`close`], [`is_closed`],
//!   [`owed_cookie`], [`existed`], [`current_id`].

mod draft;
mod request;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tracing::error;

pub use self::draft::{Action, Draft, draft};
pub use self::request::{
    Found, PendingWork, also_end, close, current_id, existed, found, is_closed, owed_cookie,
};
use crate::engine;
use crate::error::Result;
use crate::id::SessionId;
use crate::outcome::Saved;
use crate::policy::SessionPolicy;
use crate::record::{Record, RecordKey, Version};
use crate::state::Session;
use crate::store::RecordStore;

/// Where sessions are stored: a cookie's value becomes a session, a session becomes a cookie's
/// value.
///
/// Every [`RecordStore`] is one. Implement this trait yourself only if there are no records; see
/// [the module](self).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store sessions",
    label = "does not implement `SessionStorage`",
    note = "a backend implements `session_core::RecordStore` and gets `SessionStorage` with it",
    note = "`Arc<dyn RecordStore>` and `Arc<dyn SessionStorage>` implement it too"
)]
#[async_trait]
pub trait SessionStorage: fmt::Debug + Send + Sync + 'static {
    /// What the cookie carries: an id, or the data itself, which must then be encrypted.
    fn content(&self) -> CookieContent {
        CookieContent::Id
    }

    /// Where accounts are kept, if the storage keeps any: the lists of who is signed in where.
    fn account_store(&self) -> Option<&dyn RecordStore> {
        None
    }

    /// Opens the session that `cookie`, verified and decoded, names; a new, empty one if it names
    /// none that lives.
    ///
    /// # Errors
    ///
    /// The backend failed. A failed load never results in an empty session: that would overwrite
    /// the real one later.
    async fn read(&self, cookie: Option<&str>, policy: &SessionPolicy) -> Result<Session>;

    /// Persists what the request did to `session`, and says what happens to the cookie.
    ///
    /// If the future is dropped half-way, a later save neither loses a change nor applies it twice.
    ///
    /// # Errors
    ///
    /// The changes were not kept, or it is unknown whether they were.
    async fn save(&self, session: &Session, policy: &SessionPolicy) -> Result<Saved>;
}

/// What the value of the session cookie is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieContent {
    /// An id: signed, so that nobody can try out ids.
    Id,
    /// The session's data: encrypted, unless the cookie is remix-compatible.
    Data,
}

#[async_trait]
impl<S: RecordStore> SessionStorage for S {
    fn account_store(&self) -> Option<&dyn RecordStore> {
        Some(self)
    }

    async fn read(&self, cookie: Option<&str>, policy: &SessionPolicy) -> Result<Session> {
        engine::open(self, cookie, policy).await
    }

    async fn save(&self, session: &Session, policy: &SessionPolicy) -> Result<Saved> {
        engine::save(self, session, policy).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SessionStorage for Arc<dyn SessionStorage> {
    fn content(&self) -> CookieContent {
        (**self).content()
    }

    fn account_store(&self) -> Option<&dyn RecordStore> {
        (**self).account_store()
    }

    async fn read(&self, cookie: Option<&str>, policy: &SessionPolicy) -> Result<Session> {
        (**self).read(cookie, policy).await
    }

    async fn save(&self, session: &Session, policy: &SessionPolicy) -> Result<Saved> {
        (**self).save(session, policy).await
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

/// The session in `body`, which a storage kept under `id`; a new, empty one if it has expired.
///
/// # Errors
///
/// [`Error::Store`](crate::Error::Store) of kind `Corrupt` if the body is not a session's, or not
/// that id's, unless the policy [replaces](SessionPolicy::replace_damaged) such sessions.
pub fn open(id: SessionId, body: Bytes, policy: &SessionPolicy) -> Result<Session> {
    let key = RecordKey::hashed(&id);
    let version = Version::from(0);
    match Session::open(id, key, Record { body, version }, policy) {
        Err(error) if policy.may_replace(&error) => {
            error!(%error, "the session cannot be read; starting a new one");
            Ok(Session::new(policy))
        }
        opened => opened,
    }
}
