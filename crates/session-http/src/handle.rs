//! The way from a request to its session, opened only when asked for.

use std::cell::Cell;
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
    manager: SessionManager,
    request: Arc<Request>,
}

/// What a request's handles and the layer share.
#[derive(Debug, Default)]
struct Request {
    cookies: Cookies,
    opened: Mutex<Opened>,
}

#[derive(Debug, Default)]
struct Opened {
    /// The session, and who saves it.
    session: Option<(SessionManager, Session)>,
    /// Whether the response is made: what is opened from then on, nobody would save.
    closed: bool,
}

impl SessionHandle {
    pub(crate) fn new(manager: &SessionManager, headers: &HeaderMap) -> (Self, Closing) {
        let mut request = Request::spare();
        request.cookies.fill(headers);
        let request = request.shareable();
        let closing = Closing(Some(Arc::clone(&request)));
        let manager = manager.clone();
        (Self { manager, request }, closing)
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
        let later = match self.begin() {
            Answer::Now(session) => return Ok(session?),
            Answer::Later(session) => session,
        };
        Ok(self.keep(later.await?)?)
    }

    /// Opens the session, or says what that has to wait for; the lock is not held meanwhile.
    fn begin(&self) -> Answer<'_, Session> {
        let mut opened = self.request.opened();
        if let Some((_, session)) = &opened.session {
            return Answer::Now(Ok(session.clone()));
        }
        if opened.closed {
            return Answer::Now(Err(Error::Finished));
        }
        let answer = self.manager.begin(|| self.request.cookies.bytes());
        if let Answer::Now(Ok(session)) = &answer {
            opened.session = Some((self.manager.clone(), session.clone()));
        }
        answer
    }

    /// Notes `session` as the request's, unless another call was faster.
    fn keep(&self, session: Session) -> Result<Session> {
        let mut opened = self.request.opened();
        if opened.session.is_none() && opened.closed {
            return Err(Error::Finished);
        }
        let (_, session) = opened
            .session
            .get_or_insert_with(|| (self.manager.clone(), session));
        Ok(session.clone())
    }
}

/// A request to close whatever becomes of it: what nobody is going to save takes no more changes.
#[derive(Debug)]
pub(crate) struct Closing(Option<Arc<Request>>);

impl Closing {
    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    /// The session if it was opened, and who saves it. It is not opened from now on.
    #[inline]
    pub(crate) fn close(&mut self) -> Option<(SessionManager, Session)> {
        match Arc::try_unique(self.0.take()?) {
            // As a rule no handle is left: the handler is gone, and with it whoever could ask.
            Ok(request) => Request::recycle(request),
            Err(request) => request.close(),
        }
    }

    #[cold]
    fn abandon(&mut self) {
        if let Some((_, session)) = self.close() {
            storage::finish(&session);
        }
    }
}

impl Drop for Closing {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_some() {
            self.abandon();
        }
    }
}

thread_local! {
    /// The room of an earlier request: to make it anew, and to free it, is a tenth of what a request costs that leaves its session
    /// alone. Nothing of that request can be read from it.
    static SPARE: Cell<Option<UniqueArc<Request>>> = const { Cell::new(None) };
}

impl Request {
    /// An empty one.
    #[inline]
    fn spare() -> UniqueArc<Self> {
        // There is none while the thread ends.
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        spare.unwrap_or_else(Self::empty)
    }

    /// By itself, since a request as a rule gets an earlier one's.
    #[inline(never)]
    fn empty() -> UniqueArc<Self> {
        UniqueArc::new(Self::default())
    }

    /// Takes what was opened, and keeps the room.
    #[inline]
    fn recycle(mut request: UniqueArc<Self>) -> Option<(SessionManager, Session)> {
        let Self { cookies, opened } = &mut *request;
        cookies.clear();
        let opened = opened.get_mut().unwrap_or_else(PoisonError::into_inner);
        let session = opened.session.take();
        let _ = SPARE.try_with(|spare| spare.set(Some(request)));
        session
    }

    #[cold]
    fn close(&self) -> Option<(SessionManager, Session)> {
        let mut opened = self.opened();
        opened.closed = true;
        // A clone, since what ends it may be an application's code, and ask this handle.
        opened.session.clone()
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
