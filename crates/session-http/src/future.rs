//! The response, once the session is saved.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;
use session_core::storage::Left;

use crate::handle::Closing;
use crate::manager::Finished;
use crate::{Error, OnError, SessionHandle, headers};

pin_project! {
    /// The future of a [`SessionService`](crate::SessionService).
    ///
    /// Once the handler has returned, the save runs to its end even if this is dropped: a client that hangs up right after its
    /// logout is logged out.
    pub struct ResponseFuture<F, E, B> {
        #[pin]
        stage: Stage<F, B>,
        handle: Closing,
        on_error: Option<E>,
        save: Save,
    }
}

pin_project! {
    /// One after the other in one place: every layer outside moves this about.
    #[project = StageProjection]
    #[project_replace = StageReplaced]
    enum Stage<F, B> {
        Handler {
            #[pin]
            inner: F,
        },
        Save {
            response: Response<B>,
        },
        Over,
    }
}

/// A save that is under way; dropped, it goes on in the background.
struct Save(Option<Pin<Box<dyn Future<Output = Finished> + Send>>>);

impl<F, E, B> ResponseFuture<F, E, B> {
    /// The future of the inner service is made where it stays: to move it, and the request that it holds, took 30 ns.
    #[inline(always)]
    pub(crate) fn new(inner: impl FnOnce() -> F, handle: SessionHandle, on_error: E) -> Self {
        // Before the call, which may panic.
        let handle = Closing::new(handle);
        Self {
            stage: Stage::Handler { inner: inner() },
            handle,
            on_error: Some(on_error),
            save: Save(None),
        }
    }

    pub(crate) fn refused(response: Response<B>) -> Self {
        Self {
            stage: Stage::Save { response },
            handle: Closing::nothing(),
            on_error: None,
            save: Save(None),
        }
    }
}

impl<F, E, B, Fail> Future for ResponseFuture<F, E, B>
where
    F: Future<Output = Result<Response<B>, Fail>>,
    E: OnError<B>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let StageProjection::Handler { inner } = this.stage.as_mut().project() {
            let response = ready!(inner.poll(cx));
            this.stage.set(Stage::Over);
            let mut response = response?;
            let closed = this.handle.take().and_then(SessionHandle::close);
            let Some((manager, session)) = closed else {
                return Poll::Ready(Ok(response));
            };
            let left = manager.end(&session, response.headers_mut());
            if left == Left::Nothing {
                return Poll::Ready(Ok(response));
            }
            if let Some(finished) = manager.finish_now(&session, left) {
                let on_error = this.on_error.as_ref();
                return Poll::Ready(Ok(conclude(response, finished, on_error)));
            }
            this.stage.set(Stage::Save { response });
            this.save.0 = Some(Box::pin(async move {
                manager.finish_later(&session, left).await
            }));
        }
        // Taken out while it runs: one that panics must not be polled again in the background.
        let finished = match this.save.0.take() {
            None => None,
            Some(mut save) => match save.as_mut().poll(cx) {
                Poll::Ready(finished) => Some(finished),
                Poll::Pending => {
                    this.save.0 = Some(save);
                    return Poll::Pending;
                }
            },
        };
        let StageReplaced::Save { response } = this.stage.project_replace(Stage::Over) else {
            // Polled after it was ready, which no executor does.
            return Poll::Pending;
        };
        Poll::Ready(Ok(match finished {
            None => response,
            Some(finished) => conclude(response, finished, this.on_error.as_ref()),
        }))
    }
}

/// The response with its cookies; or where the session was not kept, what `on_error` says of that.
fn conclude<B>(
    mut response: Response<B>,
    finished: Finished,
    on_error: Option<&impl OnError<B>>,
) -> Response<B> {
    let Finished { cookies, result } = finished;
    let (owed, error) = match result {
        Ok(_) => match headers::set_cookies(response.headers_mut(), cookies) {
            Ok(()) => return response,
            Err(error) => (Vec::new(), error),
        },
        Err(error) => (cookies, error),
    };
    let error = Error::from(error);
    error.log();
    if let Some(on_error) = on_error {
        response = on_error.respond(&error);
        headers::vary(response.headers_mut());
        if let Err(error) = headers::set_cookies(response.headers_mut(), owed) {
            Error::from(error).log();
        }
    }
    response
}

impl Drop for Save {
    fn drop(&mut self) {
        let Some(save) = self.0.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if let Err(error) = save.await.result {
                        Error::from(error).log();
                    }
                });
            }
            Err(_) => tracing::error!(
                "a session was not saved: its request was dropped outside of a tokio runtime"
            ),
        }
    }
}

impl<F, E, B> fmt::Debug for ResponseFuture<F, E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("saving", &self.save.0.is_some())
            .finish_non_exhaustive()
    }
}
