//! The way from a request to its session, opened only when asked for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{Extensions, HeaderMap};
use session_core::storage::{self, Answer};
use session_core::{Error, Result};
use triomphe::{Arc, UniqueArc};

use crate::headers::Cookies;
use crate::{Session, SessionManager};

/// What [`SessionLayer`](crate::SessionLayer) puts into a request's extensions: it opens the session on first use, once a
/// request. Clones are one handle.
///
/// ```
/// use http::Request;
/// use session_http::{Error, SessionHandle};
///
/// async fn visits<B>(request: &Request<B>) -> Result<u32, Error> {
///     let session = SessionHandle::of(request.extensions())?.open().await?;
///     let visits = session.update("visits", |n: Option<u32>| Some(n.unwrap_or(0) + 1))?;
///     Ok(visits.unwrap_or_default())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct SessionHandle {
    request: Arc<Request>,
}

#[derive(Debug)]
struct Request {
    manager: SessionManager,
    cookies: Cookies,
    opened: Mutex<Opened>,
}

#[derive(Debug, Default)]
struct Opened {
    session: Option<Session>,
    /// Whether the response is made: what is opened from then on, nobody would save.
    closed: bool,
}

impl SessionHandle {
    pub(crate) fn new(manager: SessionManager, headers: &HeaderMap) -> Self {
        let mut request = UniqueArc::new(Request {
            manager,
            cookies: Cookies::default(),
            opened: Mutex::default(),
        });
        // Filled where they stay: what is made elsewhere first is copied then.
        request.cookies.fill(headers);
        Self {
            request: request.shareable(),
        }
    }

    /// The handle in a request's extensions.
    ///
    /// # Errors
    ///
    /// [`Error::NoLayer`](crate::Error::NoLayer) if no layer handled the request.
    pub fn of(extensions: &Extensions) -> Result<&Self, crate::Error> {
        extensions.get().ok_or(crate::Error::NoLayer)
    }

    /// The request's session: loaded on the first call, the same one afterwards. Calls that overlap may each load it; all get
    /// that of the first to finish.
    ///
    /// # Errors
    ///
    /// The storage failed; a later call tries again. [`Finished`](session_core::Error::Finished) if the response has been made.
    pub async fn open(&self) -> Result<Session, crate::Error> {
        // What stands beside an await is room in each handler's future.
        let later = match self.request.begin() {
            Answer::Now(session) => return Ok(session?),
            Answer::Later(session) => session,
        };
        Ok(self.request.keep(later.await?)?)
    }

    /// The session if it was opened, and who saves it. It is not opened from now on.
    pub(crate) fn close(self) -> Option<(SessionManager, Session)> {
        match Arc::try_unwrap(self.request) {
            // As a rule no other is left: the handler is gone, and with it whoever could ask.
            Ok(Request {
                manager, opened, ..
            }) => {
                let opened = opened.into_inner().unwrap_or_else(PoisonError::into_inner);
                Some((manager, opened.session?))
            }
            Err(request) => request.close(),
        }
    }
}

/// A handle to close whatever becomes of its request: what nobody is going to save takes no more changes.
#[derive(Debug)]
pub(crate) struct Closing(Option<SessionHandle>);

impl Closing {
    pub(crate) fn new(handle: SessionHandle) -> Self {
        Self(Some(handle))
    }

    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    /// For who closes it himself.
    pub(crate) fn take(&mut self) -> Option<SessionHandle> {
        self.0.take()
    }
}

impl Drop for Closing {
    #[inline]
    fn drop(&mut self) {
        if let Some((_, session)) = self.take().and_then(SessionHandle::close) {
            storage::finish(&session);
        }
    }
}

impl Request {
    #[cold]
    fn close(&self) -> Option<(SessionManager, Session)> {
        let mut opened = self.opened();
        opened.closed = true;
        // A clone, since what ends it may be an application's code, and ask this handle.
        Some((self.manager.clone(), opened.session.clone()?))
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the session, or says what that has to wait for; the lock is not held meanwhile.
    fn begin(&self) -> Answer<'_, Session> {
        let mut opened = self.opened();
        if let Some(session) = &opened.session {
            return Answer::Now(Ok(session.clone()));
        }
        if opened.closed {
            return Answer::Now(Err(Error::Finished));
        }
        let answer = self.manager.begin(&self.cookies);
        if let Answer::Now(Ok(session)) = &answer {
            opened.session = Some(session.clone());
        }
        answer
    }

    /// Notes `session` as the request's, unless another call was faster.
    fn keep(&self, session: Session) -> Result<Session> {
        let mut opened = self.opened();
        if opened.session.is_none() && opened.closed {
            return Err(Error::Finished);
        }
        Ok(opened.session.get_or_insert(session).clone())
    }
}
