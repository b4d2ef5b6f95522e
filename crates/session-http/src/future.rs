//! The response, once the session is saved.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, Response};
use pin_project_lite::pin_project;

use crate::handle::Closing;
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

/// The response's headers; or the cookie that an earlier commit owes the browser, and why the session was not kept.
type Finished = Result<HeaderMap, (Vec<HeaderValue>, Error)>;

impl<F, E, B> ResponseFuture<F, E, B> {
    pub(crate) fn new(inner: F, handle: SessionHandle, on_error: E) -> Self {
        Self {
            stage: Stage::Handler { inner },
            handle: Closing::new(handle),
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
            let handle = this.handle.take();
            let Some((manager, session)) = handle.as_ref().and_then(SessionHandle::close) else {
                return Poll::Ready(Ok(response));
            };
            if manager.finish_unchanged(session, response.headers_mut()) {
                return Poll::Ready(Ok(response));
            }
            let (manager, session) = (manager.clone(), session.clone());
            let mut headers = std::mem::take(response.headers_mut());
            this.stage.set(Stage::Save { response });
            this.save.0 = Some(Box::pin(async move {
                let handlers = headers.get_all(SET_COOKIE).iter().count();
                let result = manager.finish_changed(&session, &mut headers).await;
                match result {
                    Ok(_) => Ok(headers),
                    Err(error) => Err((owed(&headers, handlers), error.into())),
                }
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
        let StageReplaced::Save { mut response } = this.stage.project_replace(Stage::Over) else {
            // Polled after it was ready, which no executor does.
            return Poll::Pending;
        };
        match finished {
            None => {}
            Some(Ok(headers)) => *response.headers_mut() = headers,
            Some(Err((owed, error))) => {
                error.log();
                if let Some(on_error) = this.on_error.as_ref() {
                    response = on_error.respond(&error);
                    owe(response.headers_mut(), owed);
                }
            }
        }
        Poll::Ready(Ok(response))
    }
}

/// The cookie of an earlier commit: what a failed `finish` added after the handler's own.
fn owed(headers: &HeaderMap, handlers: usize) -> Vec<HeaderValue> {
    let lines = headers.get_all(SET_COOKIE).iter();
    lines.skip(handlers).cloned().collect()
}

fn owe(headers: &mut HeaderMap, owed: Vec<HeaderValue>) {
    headers::vary(headers);
    if !owed.is_empty() {
        headers::no_cache(headers);
    }
    for line in owed {
        headers.append(SET_COOKIE, line);
    }
}

impl Drop for Save {
    fn drop(&mut self) {
        let Some(save) = self.0.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if let Err((_, error)) = save.await {
                        error.log();
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
