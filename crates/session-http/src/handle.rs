//! The way from a request to its session, opened only when asked for.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock};

use http::{Extensions, HeaderMap};
use session_core::storage;

use crate::headers::Cookies;
use crate::manager::{Begun, Later};
use crate::{Error, Session, SessionManager};

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
    session: OnceLock<Session>,
    closed: AtomicBool,
}

impl SessionHandle {
    pub(crate) fn new(manager: SessionManager, headers: &HeaderMap) -> Self {
        Self {
            request: Arc::new(Request {
                manager,
                cookies: Cookies::of(headers),
                session: OnceLock::new(),
                closed: AtomicBool::new(false),
            }),
        }
    }

    /// The handle in a request's extensions.
    ///
    /// # Errors
    ///
    /// [`Error::NoLayer`] if no layer handled the request.
    pub fn of(extensions: &Extensions) -> Result<&Self, Error> {
        extensions.get().ok_or(Error::NoLayer)
    }

    /// The request's session: loaded on the first call, the same one afterwards. Calls that overlap may each load it; all get
    /// that of the first to finish.
    ///
    /// # Errors
    ///
    /// The storage failed; a later call tries again. [`Finished`](session_core::Error::Finished) if the response has been made.
    pub async fn open(&self) -> Result<Session, Error> {
        let request = &*self.request;
        let later = match request.session.get() {
            Some(_) => None,
            None => request.begin()?,
        };
        // A statement of its own: whatever stands beside an await is room in each handler's future.
        if let Some(later) = later {
            request.keep(later.await?);
        }
        request.opened()
    }

    /// The session if it was opened. It is not opened from now on.
    pub(crate) fn close(&self) -> Option<(&SessionManager, &Session)> {
        self.request.closed.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let session = self.request.session.get()?;
        Some((&self.request.manager, session))
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
    fn drop(&mut self) {
        if let Some((_, session)) = self.0.as_ref().and_then(SessionHandle::close) {
            storage::finish(session);
        }
    }
}

impl Request {
    /// Opens the session, or says what that has to wait for.
    fn begin(&self) -> Result<Option<Later<'_>>, Error> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(session_core::Error::Finished.into());
        }
        match self.manager.begin(&self.cookies) {
            Begun::Now(session) => {
                self.keep(session?);
                Ok(None)
            }
            Begun::Later(session) => Ok(Some(session)),
        }
    }

    fn keep(&self, session: Session) {
        self.session.get_or_init(|| session);
    }

    fn opened(&self) -> Result<Session, Error> {
        let session = self.session.get().ok_or(session_core::Error::Finished)?;
        // Either this sees that it was closed, or closing sees the session: both are set, fenced, and then looked at.
        fence(Ordering::SeqCst);
        if self.closed.load(Ordering::Relaxed) {
            // It may have been opened while the response was made; nobody would save it.
            storage::finish(session);
        }
        Ok(session.clone())
    }
}
