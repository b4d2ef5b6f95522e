//! The response, once the session is saved.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;
use session_core::storage::{self, Left};

use crate::handle::Closing;
use crate::manager::Finished;
use crate::{Error, OnError, Session, SessionManager, headers};

pin_project! {
    /// The future of a [`SessionService`](crate::SessionService).
    ///
    /// Once the handler has returned, the save runs to its end even if this is dropped: a client that hangs up right after its
    /// logout is logged out.
    pub struct ResponseFuture<F, E, B> {
        #[pin]
        stage: Stage<F, B>,
        request: Closing,
        on_error: E,
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
            save: Save,
        },
        Over,
    }
}

/// A save that is under way; dropped, it goes on in the background.
struct Save(Option<SaveFuture>);

type SaveFuture = Pin<Box<dyn Future<Output = Finished> + Send>>;

impl<F, E, B> ResponseFuture<F, E, B> {
    pub(crate) fn new(inner: F, request: Closing, on_error: E) -> Self {
        Self {
            stage: Stage::Handler { inner },
            request,
            on_error,
        }
    }

    pub(crate) fn refused(response: Response<B>, on_error: E) -> Self {
        Self {
            stage: Stage::Save {
                response,
                save: Save(None),
            },
            request: Closing::nothing(),
            on_error,
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
        // The response stays where it is unless its save waits: a copy waits for what was just written.
        let mut polled = match this.stage.as_mut().project() {
            StageProjection::Handler { inner } => inner.poll(cx),
            _ => this.stage.as_mut().poll_save(cx, this.on_error),
        };
        if polled.is_ready() {
            this.stage.set(Stage::Over);
        }
        if let Poll::Ready(Ok(response)) = &mut polled
            && let Some((manager, session)) = this.request.close()
            && let Some(save) = finish(manager, session, response, this.on_error)
            // Moved only here.
            && let Poll::Ready(Ok(response)) = polled
        {
            let save = Save(Some(save));
            this.stage.set(Stage::Save { response, save });
            polled = this.stage.poll_save(cx, this.on_error);
        }
        polled
    }
}

impl<F, B> Stage<F, B> {
    /// The save's part of `poll`. By itself, since few requests have one that waits.
    #[inline(never)]
    fn poll_save<Fail>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        on_error: &impl OnError<B>,
    ) -> Poll<Result<Response<B>, Fail>> {
        let StageProjection::Save { save, .. } = self.as_mut().project() else {
            // Polled after it was ready, which no executor does.
            return Poll::Pending;
        };
        let finished = ready!(save.poll(cx));
        let StageReplaced::Save { mut response, .. } = self.project_replace(Stage::Over) else {
            return Poll::Pending;
        };
        if let Some(finished) = finished {
            conclude(&mut response, finished, on_error);
        }
        Poll::Ready(Ok(response))
    }
}

/// Ends the session into the response, but for the save that is returned. By itself, so that a request which leaves its session alone
/// has less to load.
#[inline(never)]
fn finish<B>(
    manager: SessionManager,
    session: Session,
    response: &mut Response<B>,
    on_error: &impl OnError<B>,
) -> Option<SaveFuture> {
    let left = manager.end(&session, response.headers_mut());
    if left == Left::Nothing {
        storage::release(session.into_inner());
        return None;
    }
    if let Some(finished) = manager.finish_now(&session, left) {
        storage::release(session.into_inner());
        conclude(response, finished, on_error);
        return None;
    }
    Some(Box::pin(async move {
        let finished = manager.finish_later(&session, left).await;
        storage::release(session.into_inner());
        finished
    }))
}

/// Gives the response its cookies; or where the session was not kept, puts what `on_error` says of that in its place.
fn conclude<B>(
    response: &mut Response<B>,
    Finished { cookies, result }: Finished,
    on_error: &impl OnError<B>,
) {
    let (owed, error) = match result {
        Ok(_) => match headers::set_cookies(response.headers_mut(), cookies) {
            Ok(()) => return,
            Err(error) => (Vec::new(), error),
        },
        Err(error) => (cookies, error),
    };
    let error = Error::from(error);
    error.log();
    *response = on_error.respond(&error);
    headers::vary(response.headers_mut());
    if let Err(error) = headers::set_cookies(response.headers_mut(), owed) {
        Error::from(error).log();
    }
}

impl Save {
    /// What it came to; nothing if there is none.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Finished>> {
        // Taken out while it runs: one that panics must not be polled again in the background.
        let Some(mut save) = self.0.take() else {
            return Poll::Ready(None);
        };
        match save.as_mut().poll(cx) {
            Poll::Ready(finished) => Poll::Ready(Some(finished)),
            Poll::Pending => {
                self.0 = Some(save);
                Poll::Pending
            }
        }
    }
}

impl Drop for Save {
    #[inline]
    fn drop(&mut self) {
        if let Some(save) = self.0.take() {
            go_on(save);
        }
    }
}

#[cold]
fn go_on(save: SaveFuture) {
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

impl<F, E, B> fmt::Debug for ResponseFuture<F, E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field(
                "saving",
                &matches!(&self.stage, Stage::Save { save, .. } if save.0.is_some()),
            )
            .finish_non_exhaustive()
    }
}
