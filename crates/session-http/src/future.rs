//! The response, once the session is saved.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;
use session_core::storage::{self, PendingWork};

use crate::error::MadeFrom;
use crate::handle::CloseGuard;
use crate::manager::Closed;
use crate::{Error, OnError, Session, headers};

pin_project! {
    /// The future of a [`SessionService`](crate::SessionService).
    ///
    /// Once the handler has returned, the save runs to its end even if this future is dropped: a
    /// client that hangs up right after its logout is logged out.
    pub struct ResponseFuture<F, E, B> {
        #[pin]
        stage: Stage<F, B>,
        guard: CloseGuard,
        on_error: E,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F, B> {
        Handler {
            #[pin]
            inner: F,
        },
        Save {
            response: Option<Response<B>>,
            save: Save,
        },
    }
}

/// A save that is under way. If it is dropped, it continues in the background.
struct Save(Option<Pin<Box<dyn Future<Output = Closed> + Send>>>);

impl<F, E, B> ResponseFuture<F, E, B> {
    pub(crate) fn new(inner: F, guard: CloseGuard, on_error: E) -> Self {
        Self { stage: Stage::Handler { inner }, guard, on_error }
    }

    /// Answers without calling the handler.
    pub(crate) fn answered(response: Response<B>, on_error: E) -> Self {
        Self {
            stage: Stage::Save { response: Some(response), save: Save(None) },
            guard: CloseGuard::none(),
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
        if let StageProjection::Handler { inner } = this.stage.as_mut().project() {
            let mut response = replace_error(ready!(inner.poll(cx))?, this.on_error);
            // Drops the handler's future, which may still change the session.
            this.stage.set(Stage::Save { response: None, save: Save(None) });
            let save = match this.guard.close() {
                Some(session) => close(session, &mut response),
                None => Save(None),
            };
            this.stage.set(Stage::Save { response: Some(response), save });
        }
        let StageProjection::Save { response, save } = this.stage.project() else {
            return Poll::Pending;
        };
        let closed = ready!(save.poll(cx));
        let Some(mut response) = response.take() else {
            // Polled again after it was ready, which no executor does.
            return Poll::Pending;
        };
        if let Some(closed) = closed {
            apply(&mut response, closed, this.on_error);
        }
        Poll::Ready(Ok(response))
    }
}

/// `response`, or that of `on_error` if it was made from an error of this crate.
fn replace_error<B>(mut response: Response<B>, on_error: &impl OnError<B>) -> Response<B> {
    match response.extensions_mut().remove::<MadeFrom>() {
        Some(MadeFrom(error)) => on_error.replace(&error, response),
        None => response,
    }
}

/// Closes the session into the response, but for the save that is returned.
fn close<B>(session: Session, response: &mut Response<B>) -> Save {
    headers::vary(response.headers_mut());
    match storage::close(&session) {
        PendingWork::Nothing => Save(None),
        pending => {
            Save(Some(Box::pin(
                async move { session.manager.save_closed(&session, pending).await },
            )))
        }
    }
}

/// Gives the response its cookies. If the session was not saved, replaces the response by that of
/// `on_error`.
fn apply<B>(response: &mut Response<B>, closed: Closed, on_error: &impl OnError<B>) {
    let Closed { cookies, result } = closed;
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
    /// The result; `None` if there is no save.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Closed>> {
        // Taken out while it runs: a save that panics must not be polled again in the background.
        let Some(mut save) = self.0.take() else {
            return Poll::Ready(None);
        };
        match save.as_mut().poll(cx) {
            Poll::Ready(closed) => Poll::Ready(Some(closed)),
            Poll::Pending => {
                self.0 = Some(save);
                Poll::Pending
            }
        }
    }
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
        let saving = matches!(&self.stage, Stage::Save { save, .. } if save.0.is_some());
        f.debug_struct("ResponseFuture").field("saving", &saving).finish_non_exhaustive()
    }
}
