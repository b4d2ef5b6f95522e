//! Whose session it is: an account's sessions, and their end.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::body::Entry;
use crate::clock;
use crate::engine::Records;
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::policy::SessionPolicy;
use crate::record::RecordKey;
use crate::sign_in::{Handle, SignIn};
use crate::state::Session;
use crate::storage::SessionStorage;
use crate::store::RecordStore;

/// An account of your application, and the sessions that are signed in to it.
///
/// Take it before you check the password, and sign in with
/// [`Session::sign_in`](crate::Session::sign_in): a login whose `Account` was taken before all
/// sessions were ended is refused. Jobs and administrators use it without a session of their own.
/// Clones are one account.
#[derive(Clone)]
pub struct Account {
    storage: Arc<dyn SessionStorage>,
    policy: SessionPolicy,
    pub(crate) handle: Arc<Handle>,
    pub(crate) label: Option<String>,
}

/// One of an account's sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountSession {
    /// Names the session in a form or a link, for [`Account::end`]. It opens nothing.
    pub id: String,
    /// When it was signed in.
    pub signed_in: SystemTime,
    /// When it was last written. A request that only reads does so once a tenth of the idle timeout
    /// has passed, unless the session would not live longer for that.
    pub last_seen: SystemTime,
    /// When it ends if it is not used any more.
    pub expires: SystemTime,
    /// What the login said of the device.
    pub label: Option<String>,
}

impl Session {
    /// Signs the session in to `account`: it gets a new id and a lifetime that begins now, and is
    /// listed among the account's sessions. Call it once you have checked the password.
    ///
    /// The save that carries it out fails if all of the account's sessions were ended since
    /// `account` was taken ([`Error::SignedOut`]), or if it has too many
    /// ([`Error::TooManySessions`]). Nobody is signed in then, and the old session goes on.
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Closed`]: as [`set`](Session::set).
    pub fn sign_in(&self, account: &Account) -> Result<()> {
        self.regenerate_id()?;
        let mut state = self.state();
        state.sign_in = Some(SignIn {
            handle: Arc::clone(&account.handle),
            label: account.label.clone(),
            at: state.policy.now(),
        });
        Ok(())
    }

    /// The name of the account that the session is signed in to.
    pub fn account(&self) -> Option<String> {
        let state = self.state();
        let name = match (&state.sign_in, &state.origin) {
            (Some(sign_in), _) => Some(&sign_in.handle.name),
            (None, Origin::Live(_)) if !state.is_ending() => state.account.as_ref(),
            _ => None,
        };
        name.map(ToString::to_string)
    }

    /// When its user last proved who they are, by [`sign_in`](Self::sign_in).
    pub fn authenticated_at(&self) -> Option<SystemTime> {
        let state = self.state();
        let at = match (&state.sign_in, &state.origin) {
            (Some(sign_in), _) => Some(sign_in.at),
            (None, Origin::Live(live)) if !state.is_ending() => {
                live.meta.account.as_ref().map(|bound| bound.authenticated)
            }
            _ => None,
        };
        at.map(clock::at)
    }
}

impl Account {
    /// The longest name, in bytes.
    pub const MAX_NAME: usize = 1024;
    /// The longest label, in bytes. What is longer is cut.
    pub const MAX_LABEL: usize = 200;

    /// The account with this name, which is any string that names one user for good: the number in
    /// your database, say. The store sees its hash only.
    ///
    /// # Errors
    ///
    /// The storage failed, or keeps no accounts. [`Error::TooLarge`] if the name is longer than
    /// [`MAX_NAME`](Self::MAX_NAME).
    pub async fn load(
        storage: Arc<dyn SessionStorage>,
        policy: &SessionPolicy,
        name: &str,
    ) -> Result<Self> {
        if name.len() > Self::MAX_NAME {
            return Err(Error::TooLarge {
                size: name.len(),
                limit: Self::MAX_NAME,
                what: "the name of an account is too long; pass a number or a hash",
            });
        }
        let key = RecordKey::of_account(name);
        let taken_at = policy.now();
        let (index, _) = Records::new(store(&*storage)?, policy).index(&key).await?;
        let handle = Arc::new(Handle::new(name, key, index.epoch, taken_at));
        Ok(Self { storage, policy: policy.clone(), handle, label: None })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.handle.name
    }

    /// Describes the sessions that sign in with this, for their user: "Firefox on Linux", say.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        let end = label.floor_char_boundary(Self::MAX_LABEL);
        self.label = label.get(..end).map(str::to_owned);
        self
    }

    /// The sessions that are signed in now, the latest login first. It loads each of them.
    ///
    /// # Errors
    ///
    /// The storage failed.
    pub async fn sessions(&self) -> Result<Vec<AccountSession>> {
        let records = self.records()?;
        let (index, _) = records.index(&self.handle.key).await?;
        let mut sessions = Vec::new();
        for Entry { key, signed_in, label, .. } in index.entries {
            let Some(times) = records.times(&key).await? else { continue };
            sessions.push(AccountSession {
                id: key.hex(),
                signed_in: clock::at(signed_in),
                last_seen: clock::at(times.seen),
                expires: clock::at(times.end),
                label,
            });
        }
        sessions.sort_by_key(|session| Reverse(session.signed_in));
        Ok(sessions)
    }

    /// Ends one of the account's sessions by its [`AccountSession::id`], even if it has just moved
    /// to a new one. `false` if the account has no such session.
    ///
    /// # Errors
    ///
    /// The storage failed, and the session may still live.
    pub async fn end(&self, id: &str) -> Result<bool> {
        let Some(key) = RecordKey::from_hex(id) else { return Ok(false) };
        let ended = self.records()?.end_of_account(&key, &self.handle.key).await?;
        if ended {
            self.forget(&[key]).await;
        }
        Ok(ended)
    }

    /// Ends all sessions of the account but `session`: after a change of the password (OWASP ASVS
    /// 5.0 V7.4.3). Logins that are under way with the old password are refused.
    ///
    /// # Errors
    ///
    /// The storage failed, and some sessions may still live: call it again.
    pub async fn end_others(&self, session: &Session) -> Result<()> {
        let current = session.state().record_keys();
        self.end_except(&current).await
    }

    /// Ends all sessions of the account (OWASP ASVS 5.0 V7.4.2 and V7.4.5). Logins that are under
    /// way are refused.
    ///
    /// # Errors
    ///
    /// The storage failed, and some sessions may still live: call it again.
    pub async fn end_all(&self) -> Result<()> {
        self.end_except(&[]).await
    }

    async fn end_except(&self, kept: &[RecordKey]) -> Result<()> {
        let index = self.records()?.start_epoch(&self.handle).await?;
        let mut ended = Vec::new();
        let mut failure = None;
        for entry in index.entries.into_iter().filter(|entry| !kept.contains(&entry.key)) {
            // One that fails must not keep the others alive.
            match self.records()?.end(&entry.key).await {
                Ok(()) => ended.push(entry.key),
                Err(error) => failure = Some(error),
            }
        }
        self.forget(&ended).await;
        failure.map_or(Ok(()), Err)
    }

    /// Removes the entries of sessions that were ended. If that fails, they are removed later.
    async fn forget(&self, ended: &[RecordKey]) {
        let left = match self.records() {
            Ok(records) => records.leave(&self.handle.key, ended).await,
            Err(error) => Err(error),
        };
        if let Err(error) = left {
            tracing::debug!(%error, "ended sessions stay listed until the account is next used");
        }
    }

    /// The store, for one operation: each has a time limit of its own.
    fn records(&self) -> Result<Records<'_>> {
        Ok(Records::new(store(&*self.storage)?, &self.policy))
    }
}

impl AccountSession {
    /// Whether it is `session`, as that was last opened or saved.
    pub fn is(&self, session: &Session) -> bool {
        session.state().record_keys().iter().any(|key| key.hex() == self.id)
    }
}

fn store(storage: &dyn SessionStorage) -> Result<&dyn RecordStore> {
    storage.account_store().ok_or(Error::Unsupported(
        "this storage keeps no accounts: its sessions travel in their cookies",
    ))
}

/// Prints no name: it may be a user's address.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("key", &self.handle.key).finish_non_exhaustive()
    }
}
