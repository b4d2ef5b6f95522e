//! Opens a request's session when it is asked for.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::COOKIE;
use http::{Extensions, HeaderMap, HeaderValue, Uri};
use session_core::storage;

use crate::delivery::Doubt;
use crate::{Error, Session, SessionManager};

/// Opens the request's session on first use. [`SessionLayer`](crate::SessionLayer) puts it into the
/// request's extensions. Clones are one handle.
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
#[derive(Clone)]
pub struct SessionHandle {
    request: Arc<Request>,
}

/// What a request's handles and the layer share.
struct Request {
    manager: SessionManager,
    /// The `Cookie` headers; HTTP/2 may split them.
    cookies: Vec<HeaderValue>,
    doubt: Doubt,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Option<Session>,
    /// Whether the response is ready: nobody would save a session that is opened after that.
    closed: bool,
}

impl SessionHandle {
    pub(crate) fn new(manager: &SessionManager, headers: &HeaderMap, uri: &Uri) -> Self {
        Self {
            request: Arc::new(Request {
                manager: manager.clone(),
                cookies: headers.get_all(COOKIE).iter().cloned().collect(),
                doubt: manager.doubt(headers, Some(uri)),
                state: Mutex::default(),
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

    /// The request's session: loaded on the first call, the same one afterwards. Calls that overlap
    /// may each load it; all get the session of the call that finishes first.
    ///
    /// # Errors
    ///
    /// The storage failed; a later call tries again. [`Closed`](session_core::Error::Closed) if the
    /// response is ready.
    pub async fn open(&self) -> Result<Session, Error> {
        {
            let state = self.state();
            if let Some(session) = &state.session {
                return Ok(session.clone());
            }
            if state.closed {
                return Err(session_core::Error::Closed.into());
            }
        }
        let Request { manager, cookies, doubt, .. } = &*self.request;
        let loaded = manager.open_cookies(cookies, *doubt).await?;
        let mut state = self.state();
        if state.session.is_none() && state.closed {
            return Err(session_core::Error::Closed.into());
        }
        Ok(state.session.get_or_insert(loaded).clone())
    }

    /// The session if it was opened. No session is opened from now on.
    fn close(&self) -> Option<Session> {
        let mut state = self.state();
        state.closed = true;
        state.session.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.request.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Prints no cookie.
impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle").finish_non_exhaustive()
    }
}

/// Closes a request's handle, and its session, even if the request is dropped: a session that
/// nobody is going to save must take no more changes.
pub(crate) struct CloseGuard(Option<SessionHandle>);

impl CloseGuard {
    pub(crate) fn new(handle: SessionHandle) -> Self {
        Self(Some(handle))
    }

    /// A guard that closes nothing.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// The session if it was opened, for the caller to close.
    pub(crate) fn close(&mut self) -> Option<Session> {
        self.0.take()?.close()
    }
}

impl Drop for CloseGuard {
    fn drop(&mut self) {
        if let Some(session) = self.close() {
            storage::close(&session);
        }
    }
}
