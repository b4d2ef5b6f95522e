//! From the headers of a request to a session, and back to those of a response, for any framework.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use session_cookie::{Opened, SessionCookie};
use session_core::storage::{self, Answer, Left};
use session_core::{
    CookieChange, CookieContent, Error, Outcome, Result, Saved, SessionId, SessionPolicy,
    SessionStorage, StoreError, StoreErrorKind,
};
use tracing::debug;

use crate::Session;
use crate::headers;

/// Opens the session that a request's headers name, and finishes it into a response's headers.
///
/// [`SessionLayer`](crate::SessionLayer) does this for tower services. On other frameworks, call [`open`](Self::open) when a
/// request first needs its session and [`finish`](Self::finish) once its response stands; run `finish` to its end even if the
/// client hangs up. Clones are one manager.
///
/// ```
/// use http::{HeaderMap, header};
/// use session_http::{SessionCookie, SessionManager};
/// use session_store_memory::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cookie = SessionCookie::new("3vJc0Ql1oXGqf9dS2nUBz8aKEpTy4RwM")?;
/// let manager = SessionManager::new(MemoryStore::new(), cookie);
///
/// let session = manager.open(&HeaderMap::new()).await?;
/// session.set("user", &42)?;
/// let mut response = HeaderMap::new();
/// manager.finish(&session, &mut response).await?;
/// assert!(response.contains_key(header::SET_COOKIE));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SessionManager {
    shared: Arc<Shared>,
}

/// What a save came to.
pub(crate) struct Finished {
    /// The cookies that the response owes, whether or not the session was kept.
    pub(crate) cookies: Vec<String>,
    pub(crate) result: Result<Outcome>,
}

#[derive(Clone)]
struct Shared {
    storage: Arc<dyn SessionStorage>,
    cookie: SessionCookie,
    policy: SessionPolicy,
    limit: Duration,
}

impl SessionManager {
    /// Sessions in `storage`, named by `cookie`, under the default policy.
    ///
    /// The cookie's value is signed where it is an id, and encrypted where it is the data.
    pub fn new(storage: impl SessionStorage, cookie: SessionCookie) -> Self {
        let storage: Arc<dyn SessionStorage> = Arc::new(storage);
        Self {
            shared: Arc::new(Shared {
                policy: storage::bind(SessionPolicy::default(), Arc::clone(&storage)),
                storage,
                cookie,
                limit: Duration::from_secs(5),
            }),
        }
    }

    /// How long sessions live and how they are kept.
    #[must_use]
    pub fn policy(self, policy: SessionPolicy) -> Self {
        self.with(|shared| shared.policy = storage::bind(policy, Arc::clone(&shared.storage)))
    }

    /// How long opening a session may take, and how long saving one with the response; 5 seconds each unless set. Beyond that it is an
    /// error of kind [`Timeout`](session_core::ErrorKind::Timeout). A [`commit`](session_core::Session::commit) has the store's limits only.
    ///
    /// The limit is a timer of tokio's: opening or saving a session that a store has to wait for panics outside a tokio runtime.
    #[must_use]
    pub fn time_limit(self, limit: Duration) -> Self {
        self.with(|shared| shared.limit = limit)
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }

    /// The session that the `Cookie` fields of a request name; a new, empty one if they name none that lives.
    ///
    /// Of several cookies of the name, the first that verifies counts.
    ///
    /// # Errors
    ///
    /// The storage failed.
    pub async fn open(&self, headers: &HeaderMap) -> Result<Session> {
        let fields = || headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        self.begin(fields).await
    }

    /// [`open`](Self::open), which often need not wait; `fields` gives the `Cookie` fields.
    pub(crate) fn begin<'a, I>(&'a self, fields: impl Fn() -> I) -> Answer<'a, Session>
    where
        I: Iterator<Item = &'a [u8]>,
    {
        let Shared {
            storage,
            cookie,
            policy,
            ..
        } = &*self.shared;
        let content = storage.content();
        let now = match content {
            // An id has no deadline of its own in the cookie: no need to look at the clock.
            CookieContent::Id => SystemTime::UNIX_EPOCH,
            CookieContent::Data => policy.time().now(),
        };
        let opened = cookie.read(fields(), content, now);
        let carried = cookie.carried(fields());
        self.read(value_of(opened), carried)
    }

    /// Saves what the request did to `session`, and adds to `headers` what the response owes: the cookie if it changed, and what
    /// caches must know. The session takes no more changes.
    ///
    /// # Errors
    ///
    /// The changes were not kept, and the response must say so. `headers` then holds what an earlier
    /// [`commit`](session_core::Session::commit) owes the browser.
    pub async fn finish(&self, session: &Session, headers: &mut HeaderMap) -> Result<Outcome> {
        let left = self.end(session, headers);
        if left == Left::Nothing {
            return Ok(Outcome::Unchanged);
        }
        let Finished { cookies, result } = self.finish_later(session, left).await;
        headers::set_cookies(headers, cookies).and(result)
    }

    /// The part of [`finish`](Self::finish) that waits for nothing, and what is left to do then.
    pub(crate) fn end(&self, session: &Session, headers: &mut HeaderMap) -> Left {
        headers::vary(headers);
        storage::finish(session)
    }

    /// Does what is left, if the storage need not wait; `None` if it must, and nothing was done.
    pub(crate) fn finish_now(&self, session: &Session, left: Left) -> Option<Finished> {
        let Shared {
            storage, policy, ..
        } = &*self.shared;
        let saved = storage::save_now(&**storage, session, policy)?;
        Some(self.finished(session, left, saved))
    }

    /// The same, where it may wait.
    pub(crate) async fn finish_later(&self, session: &Session, left: Left) -> Finished {
        let saved = self.save(session).await;
        self.finished(session, left, saved)
    }

    /// What a save came to that had this left to do.
    fn finished(&self, session: &Session, left: Left, saved: Result<Saved>) -> Finished {
        let lines = |change| self.lines(change, session.carried);
        let kept = saved.and_then(|saved| Ok((lines(saved.cookie)?, saved.outcome)));
        match unless_unchanged(left, kept, (Vec::new(), Outcome::Unchanged)) {
            Ok((cookies, outcome)) => Finished {
                cookies,
                result: Ok(outcome),
            },
            Err(error) => Finished {
                // Where that is what the cookie cannot hold, nothing goes.
                cookies: lines(storage::owed_cookie(session)).unwrap_or_default(),
                result: Err(error),
            },
        }
    }

    /// The session with this id, for work outside of a request: a job, a webhook, a socket. `None` if it does not live (any
    /// more) or has a new id. It is saved by [`commit`](session_core::Session::commit) alone.
    ///
    /// # Errors
    ///
    /// The storage failed, or keeps its data in the cookie.
    pub async fn open_id(&self, id: &SessionId) -> Result<Option<Session>> {
        if self.shared.storage.content() == CookieContent::Data {
            return Err(Error::Unsupported(
                "the sessions of this storage travel in their cookies; none can be opened by its id",
            ));
        }
        let session = self.read(Some(id.as_str().into()), 0).await?;
        Ok((!session.is_new()).then_some(session))
    }

    /// As [`open`](Self::open), from the cookie's value as the client sends it, for other transports: gRPC metadata, a bearer
    /// token, an older `http` crate.
    ///
    /// # Errors
    ///
    /// The storage failed.
    pub async fn open_value(&self, value: Option<&str>) -> Result<Session> {
        let Shared {
            storage,
            cookie,
            policy,
            ..
        } = &*self.shared;
        let now = policy.time().now();
        let opened = value.map_or(Opened::Missing, |value| {
            cookie.decode(value.as_bytes(), storage.content(), now)
        });
        self.read(value_of(opened), 0).await
    }

    /// As [`finish`](Self::finish): what becomes of the value that the client holds, signed or encrypted as it is to be sent.
    ///
    /// # Errors
    ///
    /// The changes were not kept. [`owed_value`](Self::owed_value) then says what an earlier
    /// [`commit`](session_core::Session::commit) owes the client.
    pub async fn finish_value(&self, session: &Session) -> Result<CookieChange> {
        let left = storage::finish(session);
        let saved = self.save(session).await.map(|saved| saved.cookie);
        let change = unless_unchanged(left, saved, CookieChange::Keep)?;
        self.protected(change)
    }

    /// What the saves of `session` so far owe the client, protected as by [`finish_value`](Self::finish_value): for a response that says
    /// that the last one failed. Without it, a client whose id was replaced by a commit would keep one that opens nothing any more.
    ///
    /// # Errors
    ///
    /// The value cannot be protected.
    pub fn owed_value(&self, session: &Session) -> Result<CookieChange> {
        self.protected(storage::owed_cookie(session))
    }

    /// The `Cookie` field that a browser sends with `session` once it was saved, for tests; `None` if nothing was stored.
    ///
    /// # Errors
    ///
    /// The cookie cannot hold it.
    pub fn cookie_for(&self, session: &Session) -> Result<Option<HeaderValue>> {
        let (value, max_age) = match storage::owed_cookie(session) {
            CookieChange::Set { value, max_age } => (value, max_age),
            CookieChange::Remove => return Ok(None),
            CookieChange::Keep => match storage::standing_cookie(session) {
                Some(id) if self.shared.storage.content() == CookieContent::Id => {
                    (id.as_str().to_owned(), None)
                }
                _ => return Ok(None),
            },
        };
        let change = CookieChange::Set { value, max_age };
        let lines = self.lines(change, 0)?;
        let pairs = lines.iter().filter_map(|line| line.split(';').next());
        let field = pairs.collect::<Vec<_>>().join("; ");
        let field = HeaderValue::try_from(field).map_err(|_| {
            Error::Unsupported("the session's cookie holds what no header field can hold")
        })?;
        Ok(Some(field))
    }

    fn read<'a>(&'a self, value: Option<Cow<'a, str>>, carried: usize) -> Answer<'a, Session> {
        let Shared {
            storage,
            policy,
            limit,
            ..
        } = &*self.shared;
        match storage.read(value, policy) {
            Answer::Now(session) => Answer::Now(session.map(|it| Session::new(it, carried))),
            Answer::Later(session) => Answer::Later(Box::pin(async move {
                let session = within(*limit, session, "opened").await?;
                Ok(Session::new(session, carried))
            })),
        }
    }

    async fn save(&self, session: &Session) -> Result<Saved> {
        let Shared {
            storage,
            policy,
            limit,
            ..
        } = &*self.shared;
        let save = pin!(storage::save(&**storage, session, policy));
        within(*limit, save, "saved").await
    }

    /// `change`, with its value as it is to be sent.
    fn protected(&self, change: CookieChange) -> Result<CookieChange> {
        let Shared {
            storage, cookie, ..
        } = &*self.shared;
        Ok(match change {
            CookieChange::Set { value, max_age } => CookieChange::Set {
                value: cookie.encode(&value, storage.content(), self.deadline(max_age))?,
                max_age,
            },
            other => other,
        })
    }

    fn lines(&self, change: CookieChange, carried: usize) -> Result<Vec<String>> {
        let Shared {
            storage, cookie, ..
        } = &*self.shared;
        match change {
            CookieChange::Keep => Ok(Vec::new()),
            CookieChange::Remove => Ok(cookie.remove(carried)),
            CookieChange::Set { value, max_age } => {
                let deadline = self.deadline(max_age);
                cookie.set(&value, storage.content(), max_age, deadline, carried)
            }
        }
    }

    /// Until when the server takes a value that is handed out now.
    fn deadline(&self, max_age: Option<Duration>) -> SystemTime {
        let policy = &self.shared.policy;
        let left = max_age.unwrap_or(policy.absolute_lifetime());
        let now = policy.time().now();
        // A thousand years are as good as forever, and can be added.
        let forever = Duration::from_secs(1000 * 365 * 24 * 3600);
        now.checked_add(left.min(forever)).unwrap_or(now)
    }
}

/// Prints how it is set up, and no secret.
impl fmt::Debug for SessionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared {
            storage,
            cookie,
            policy,
            limit,
        } = &*self.shared;
        f.debug_struct("SessionManager")
            .field("storage", storage)
            .field("cookie", cookie)
            .field("policy", policy)
            .field("time_limit", limit)
            .finish()
    }
}

#[inline]
fn value_of(opened: Opened<'_>) -> Option<Cow<'_, str>> {
    match opened {
        Opened::Valid(value) => return Some(value),
        Opened::Missing => {}
        other => not_taken(&other),
    }
    None
}

#[cold]
fn not_taken(cookie: &Opened<'_>) {
    debug!(
        ?cookie,
        "the session cookie was not taken; a new session begins"
    );
}

/// What was `saved`; or `unmoved`, where only the deadline was to move: that it could not is no news for the client.
fn unless_unchanged<T>(left: Left, saved: Result<T>, unmoved: T) -> Result<T> {
    match saved {
        Err(error) if left != Left::Changes => {
            debug!(%error, "the session's deadline may not have moved");
            Ok(unmoved)
        }
        saved => saved,
    }
}

/// What `future` comes to, or an error once `limit` has passed. A future that is ready at once costs no timer.
async fn within<T>(
    limit: Duration,
    mut future: impl Future<Output = Result<T>> + Unpin,
    what: &str,
) -> Result<T> {
    if let Some(ready) = poll_fn(|cx| match Pin::new(&mut future).poll(cx) {
        Poll::Ready(ready) => Poll::Ready(Some(ready)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
    {
        return ready;
    }
    // Boxed, since few need it: a timer is large, and every request would move its room about.
    let timeout = Box::pin(tokio::time::timeout(limit, future));
    timeout.await.unwrap_or_else(|_| {
        Err(Error::Store(StoreError::new(
            StoreErrorKind::Timeout,
            format!("the session was not {what} within {limit:?}; look at the store, or set SessionManager::time_limit"),
        )))
    })
}
