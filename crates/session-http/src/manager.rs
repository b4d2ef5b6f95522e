//! From the headers of a request to a session, and back to those of a response, for any framework.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, Uri};
use session_cookie::{CookieValue, SessionCookie};
use session_core::storage::{self, PendingWork};
use session_core::{
    Account, CookieChange, CookieContent, Error, Outcome, Result, Saved, SessionId, SessionPolicy,
    SessionStorage, StoreError, StoreErrorKind,
};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{debug, error, warn};

use crate::candidates::first_alive;
use crate::delivery::{Delivery, Doubt};
use crate::headers;
use crate::session::{Committed, Session};

/// Opens the session that a request's headers name, and closes it into a response's headers.
///
/// [`SessionLayer`](crate::SessionLayer) does this for tower services. On other frameworks, call
/// [`open`](Self::open) when a request first needs its session, and [`close`](Self::close) once its
/// response is ready. Run `close` to its end even if the client hangs up. Clones are one manager.
/// Its methods use a timer of tokio's, so call them inside a tokio runtime that has its timers
/// enabled.
///
/// ```
/// use http::{HeaderMap, header};
/// use session_http::{Secret, SessionCookie, SessionManager};
/// use session_store_memory::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cookie = SessionCookie::new(Secret::random()?)?;
/// let manager = SessionManager::new(MemoryStore::new(), cookie);
///
/// let session = manager.open(&HeaderMap::new()).await?;
/// session.set("user", &42)?;
/// let mut response = HeaderMap::new();
/// manager.close(&session, &mut response).await?;
/// assert!(response.contains_key(header::SET_COOKIE));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SessionManager {
    shared: Arc<Shared>,
}

#[derive(Clone)]
struct Shared {
    storage: Arc<dyn SessionStorage>,
    cookie: SessionCookie,
    policy: SessionPolicy,
    time_limit: Duration,
    /// The saves under way.
    saves: TaskTracker,
    delivery: Arc<Delivery>,
}

/// The result of the save that belongs to the response.
pub(crate) struct Closed {
    /// The cookies that the response must carry, whether or not the session was saved.
    pub(crate) cookies: Vec<String>,
    pub(crate) result: Result<Outcome>,
}

impl SessionManager {
    /// Sessions in `storage`, named by `cookie`, under the default policy.
    ///
    /// The cookie's value is signed if it is an id, and encrypted if it is the data. Logs a warning
    /// if the cookie could have a [name](SessionCookie::safer_name) that browsers protect better.
    pub fn new(storage: impl SessionStorage, cookie: SessionCookie) -> Self {
        if let Some(safer) = cookie.safer_name() {
            warn!(
                name = cookie.cookie_name(),
                "browsers let other hosts of the domain set a cookie of this name; call the session \
                 cookie {safer} (OWASP ASVS 5.0 V3.3.1, V3.3.3)"
            );
        }
        Self {
            shared: Arc::new(Shared {
                storage: Arc::new(storage),
                cookie,
                policy: SessionPolicy::default(),
                time_limit: Duration::from_secs(5),
                saves: TaskTracker::new(),
                delivery: Arc::default(),
            }),
        }
    }

    /// How long sessions live and how they are kept.
    #[must_use]
    pub fn policy(self, policy: SessionPolicy) -> Self {
        self.with(|shared| shared.policy = policy)
    }

    /// How long opening a session may take, and how long saving one with the response; 5 seconds
    /// each unless set. After that it is an error of kind
    /// [`Timeout`](session_core::ErrorKind::Timeout). A [`commit`](Session::commit) has the store's
    /// limits only.
    #[must_use]
    pub fn time_limit(self, limit: Duration) -> Self {
        self.with(|shared| shared.time_limit = limit)
    }

    /// The storage itself: the `Arc` is one too, and would box each future once more.
    fn storage(&self) -> &dyn SessionStorage {
        &*self.shared.storage
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }

    /// The session that the `Cookie` headers of a request name; a new, empty one if they name none
    /// that lives.
    ///
    /// If there are several valid cookies of the name, the first one whose session is alive counts.
    /// A logout ends the sessions of all of them. At most
    /// [`MAX_VALID`](SessionCookie::MAX_VALID) are looked up in the store.
    ///
    /// # Errors
    ///
    /// The storage failed.
    pub async fn open(&self, headers: &HeaderMap) -> Result<Session> {
        let cookies: Vec<_> = headers.get_all(COOKIE).iter().cloned().collect();
        self.open_cookies(&cookies, self.doubt(headers, None)).await
    }

    /// [`open`](Self::open), from the `Cookie` headers alone.
    pub(crate) async fn open_cookies(
        &self,
        cookies: &[HeaderValue],
        doubt: Doubt,
    ) -> Result<Session> {
        let Shared { storage, cookie, policy, delivery, .. } = &*self.shared;
        let bytes = || cookies.iter().map(HeaderValue::as_bytes);
        let values = cookie.read_all(bytes(), storage.content(), policy.time().now());
        if values.iter().any(|value| value.value().is_some()) {
            delivery.came_back();
        }
        let session = self.read(&values).await?;
        Ok(Session { chunk_count: cookie.chunk_count(bytes()), doubt, ..session })
    }

    /// Why a browser may drop the cookie that the response to such a request sets.
    pub(crate) fn doubt(&self, headers: &HeaderMap, uri: Option<&Uri>) -> Doubt {
        Doubt::of(&self.shared.cookie, headers, uri)
    }

    /// [`open`](Self::open), from the cookie's value as the client sends it, for other transports:
    /// gRPC metadata, a bearer token, an older `http` crate.
    ///
    /// # Errors
    ///
    /// The storage failed.
    pub async fn open_value(&self, value: Option<&str>) -> Result<Session> {
        let Shared { storage, cookie, policy, .. } = &*self.shared;
        let now = policy.time().now();
        let value = value.map_or(CookieValue::Missing, |value| {
            cookie.decode(value.as_bytes(), storage.content(), now)
        });
        self.read(&[value]).await
    }

    /// The session with this id, for work outside of a request: a job, a webhook, a socket. `None`
    /// if it does not live (any more) or has a new id. Only [`commit`](Session::commit) saves it.
    ///
    /// # Errors
    ///
    /// The storage failed, or keeps its data in the cookie.
    pub async fn open_id(&self, id: &SessionId) -> Result<Option<Session>> {
        self.check_has_ids()?;
        let session = self.read(&[CookieValue::Valid(id.as_str().into())]).await?;
        Ok((!session.is_new()).then_some(session))
    }

    /// Fails if no session can be found by its id.
    fn check_has_ids(&self) -> Result<()> {
        match self.shared.storage.content() {
            CookieContent::Id => Ok(()),
            CookieContent::Data => Err(Error::Unsupported(
                "the sessions of this storage travel in their cookies; none can be found by its id",
            )),
        }
    }

    /// Ends the session that has this id, or had it until it moved to a new one, as its user's
    /// logout would. It is no error if there is none.
    ///
    /// # Errors
    ///
    /// The storage failed, and the session may still live; or it keeps its data in the cookie.
    pub async fn end_id(&self, id: &SessionId) -> Result<()> {
        self.check_has_ids()?;
        let session = self.read(&[CookieValue::Valid(id.as_str().into())]).await?;
        session.destroy()?;
        let pending = storage::close(&session);
        self.save(&session, pending).await.map(drop)
    }

    /// The account with this name, which is any string that names one user for good: to sign in, to
    /// list who is signed in where, and to end sessions. Take it before you check the password.
    ///
    /// ```
    /// use session_http::{Error, Session, SessionManager};
    ///
    /// # async fn password_is_right(_: &str, _: &str) -> bool { true }
    /// async fn login(
    ///     manager: SessionManager,
    ///     session: Session,
    ///     user: &str,
    ///     password: &str,
    /// ) -> Result<bool, Error> {
    ///     let account = manager.account(user).await?;
    ///     if !password_is_right(user, password).await {
    ///         return Ok(false);
    ///     }
    ///     session.sign_in(&account.label("Firefox on Linux"))?;
    ///     Ok(true)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The storage failed or keeps no accounts, or the name is longer than
    /// [`Account::MAX_NAME`].
    pub async fn account(&self, name: &str) -> Result<Account> {
        let Shared { storage, policy, time_limit, .. } = &*self.shared;
        let load = Account::load(Arc::clone(storage), policy, name);
        let loaded = timeout(*time_limit, load).await;
        loaded.unwrap_or_else(|_| Err(too_slow("looked up", *time_limit)))
    }

    /// Waits until all saves under way have ended. Call it after the server has stopped, before
    /// `main` returns.
    ///
    /// A client that hangs up early does not wait for its save, so neither does the server: without
    /// this, a logout just before a restart may be lost. It takes at most as long as the
    /// [time limit](Self::time_limit) of a save. Saves that begin meanwhile are waited for too.
    ///
    /// ```no_run
    /// # async fn serve(app: axum::Router, manager: session_http::SessionManager) -> std::io::Result<()> {
    /// # let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    /// let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    /// axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    /// manager.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(&self) {
        let saves = &self.shared.saves;
        saves.close();
        saves.wait().await;
    }

    /// The session of the first of these values that is alive.
    async fn read(&self, values: &[CookieValue<'_>]) -> Result<Session> {
        let Shared { policy, time_limit, .. } = &*self.shared;
        let valid: Vec<_> = values.iter().filter_map(CookieValue::value).collect();
        if let [failure] = values
            && valid.is_empty()
            && *failure != CookieValue::Missing
        {
            debug!(cookie = ?failure, "the session cookie was not accepted; starting a new session");
        }
        let inner = timeout(*time_limit, first_alive(self.storage(), &valid, policy))
            .await
            .unwrap_or_else(|_| Err(too_slow("opened", *time_limit)))?;
        Ok(Session { inner, manager: self.clone(), chunk_count: 0, doubt: Doubt::default() })
    }

    /// Saves what the request did to `session`, and adds to `headers` what the response must carry:
    /// the cookie if it changed, and what caches must know. The session takes no more changes.
    ///
    /// # Errors
    ///
    /// The changes were not kept, and the response must say so. `headers` still gets the cookie of
    /// an earlier [`commit`](Session::commit).
    pub async fn close(&self, session: &Session, headers: &mut HeaderMap) -> Result<Outcome> {
        headers::vary(headers);
        let pending = storage::close(session);
        let Closed { cookies, result } = self.save_closed(session, pending).await;
        headers::set_cookies(headers, cookies).and(result)
    }

    /// The save that belongs to the response.
    pub(crate) async fn save_closed(&self, session: &Session, pending: PendingWork) -> Closed {
        let lines = |change| self.set_cookie_lines(change, session.chunk_count);
        let saved = self.save(session, pending).await;
        let saved = saved.and_then(|saved| Ok((lines(saved.cookie)?, saved.outcome)));
        let closed = match unless_deadline(pending, saved) {
            Ok(saved) => {
                let (cookies, outcome) = saved.unwrap_or((Vec::new(), Outcome::Unchanged));
                Closed { cookies, result: Ok(outcome) }
            }
            Err(error) => Closed {
                cookies: lines(storage::owed_cookie(session)).unwrap_or_default(),
                result: Err(error),
            },
        };
        if !closed.cookies.is_empty() && is_set(&storage::owed_cookie(session)) {
            self.shared.delivery.sent(&self.shared.cookie, session.doubt);
        }
        closed
    }

    /// Saves a closed session within the time limit.
    async fn save(&self, session: &Session, pending: PendingWork) -> Result<Saved> {
        let Shared { policy, time_limit, saves, .. } = &*self.shared;
        if pending == PendingWork::Nothing {
            return Ok(Saved::unchanged());
        }
        let under_way = UnderWay::new(saves);
        let saved = timeout(*time_limit, self.storage().save(session, policy)).await;
        under_way.end();
        saved.unwrap_or_else(|_| Err(too_slow("saved", *time_limit)))
    }

    /// Saves in the middle of a request.
    pub(crate) async fn commit(&self, session: &Session) -> Result<Committed> {
        let Shared { storage, policy, .. } = &*self.shared;
        if storage.content() == CookieContent::Data {
            return Err(Error::Unsupported(
                "the data of this session travels in the cookie, so it can only be saved with the \
                 response; commit() needs a store on the server",
            ));
        }
        if storage::is_closed(session) {
            return Err(Error::Closed);
        }
        let saved = self.storage().save(session, policy).await?;
        Ok(Committed { outcome: saved.outcome, already_consumed: saved.already_consumed })
    }

    /// As [`close`](Self::close), for clients that hold a value instead of a cookie: what happens
    /// to it, signed or encrypted as it is to be sent.
    ///
    /// # Errors
    ///
    /// The changes were not kept. [`owed_value`](Self::owed_value) then says what an earlier
    /// [`commit`](Session::commit) means for the client.
    pub async fn close_value(&self, session: &Session) -> Result<CookieChange> {
        let pending = storage::close(session);
        let saved = self.save(session, pending).await;
        let change = saved.and_then(|saved| self.protected(saved.cookie));
        Ok(unless_deadline(pending, change)?.unwrap_or_default())
    }

    /// What the saves of `session` so far mean for the client, protected as by
    /// [`close_value`](Self::close_value): for a response that says that the last save failed.
    /// Without it, a client whose id was replaced by a commit would keep one that opens nothing any
    /// more.
    ///
    /// # Errors
    ///
    /// The value cannot be protected.
    pub fn owed_value(&self, session: &Session) -> Result<CookieChange> {
        self.protected(storage::owed_cookie(session))
    }

    /// The `Cookie` header that a browser sends with `session` once it was saved, for tests; `None`
    /// if nothing was stored.
    ///
    /// # Errors
    ///
    /// The cookie cannot hold it.
    pub fn cookie_for(&self, session: &Session) -> Result<Option<HeaderValue>> {
        let change = match (storage::owed_cookie(session), storage::current_id(session)) {
            (CookieChange::Keep, Some(id))
                if self.shared.storage.content() == CookieContent::Id =>
            {
                CookieChange::Set { value: id.as_str().to_owned(), max_age: None }
            }
            (CookieChange::Keep | CookieChange::Remove, _) => return Ok(None),
            (change, _) => change,
        };
        let lines = self.set_cookie_lines(change, 0)?;
        let pairs = lines.iter().filter_map(|line| line.split(';').next());
        // A former cookie that is removed has no value.
        let pairs = pairs.filter(|pair| !pair.ends_with('='));
        let header = pairs.collect::<Vec<_>>().join("; ");
        let mut header = HeaderValue::try_from(header).map_err(|_| {
            Error::Unsupported("the session's cookie holds what no header field can hold")
        })?;
        header.set_sensitive(true);
        Ok(Some(header))
    }

    /// `change`, with its value as it is to be sent.
    fn protected(&self, change: CookieChange) -> Result<CookieChange> {
        let Shared { storage, cookie, .. } = &*self.shared;
        Ok(match change {
            CookieChange::Set { value, max_age } => CookieChange::Set {
                value: cookie.encode(&value, storage.content(), self.deadline(max_age))?,
                max_age,
            },
            other => other,
        })
    }

    fn set_cookie_lines(&self, change: CookieChange, chunk_count: usize) -> Result<Vec<String>> {
        let Shared { storage, cookie, .. } = &*self.shared;
        match change {
            CookieChange::Keep => Ok(Vec::new()),
            CookieChange::Remove => Ok(cookie.remove(chunk_count)),
            CookieChange::Set { value, max_age } => {
                let deadline = self.deadline(max_age);
                cookie.set(&value, storage.content(), max_age, deadline, chunk_count)
            }
        }
    }

    /// Until when the server accepts a value that is sent now.
    fn deadline(&self, max_age: Option<Duration>) -> SystemTime {
        // So long that nobody waits for it, and short enough to be added to any time.
        const THOUSAND_YEARS: Duration = Duration::from_secs(1000 * 365 * 24 * 3600);
        let policy = &self.shared.policy;
        let lifetime = max_age.unwrap_or(policy.absolute_lifetime());
        let now = policy.time().now();
        now.checked_add(lifetime.min(THOUSAND_YEARS)).unwrap_or(now)
    }
}

fn is_set(change: &CookieChange) -> bool {
    matches!(change, CookieChange::Set { .. })
}

/// A save under way. If it is dropped before its end, the log says so.
struct UnderWay {
    ended: bool,
    _token: TaskTrackerToken,
}

impl UnderWay {
    fn new(saves: &TaskTracker) -> Self {
        Self { ended: false, _token: saves.token() }
    }

    fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.ended {
            error!(
                "a save was dropped before its end, so what a request did to its session may be \
                 lost; await SessionManager::shutdown before main returns, and run close to its end"
            );
        }
    }
}

/// The result of a save; `None` if it failed and only had to move the deadline, which the client
/// need not know.
fn unless_deadline<T>(pending: PendingWork, result: Result<T>) -> Result<Option<T>> {
    match result {
        Err(error) if pending == PendingWork::Deadline => {
            debug!(%error, "the session's deadline may not have moved");
            Ok(None)
        }
        result => result.map(Some),
    }
}

fn too_slow(what: &str, limit: Duration) -> Error {
    Error::Store(StoreError::new(
        StoreErrorKind::Timeout,
        format!(
            "the session was not {what} within {limit:?}; check the store, or set \
             SessionManager::time_limit"
        ),
    ))
}

/// Prints how it is set up, and no secret.
impl fmt::Debug for SessionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { storage, cookie, policy, time_limit, .. } = &*self.shared;
        f.debug_struct("SessionManager")
            .field("storage", storage)
            .field("cookie", cookie)
            .field("policy", policy)
            .field("time_limit", time_limit)
            .finish()
    }
}
