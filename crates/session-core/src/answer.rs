//! What is there at once, or has to be waited for.

use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::Result;

/// What a storage answers. Where it need not wait, no future is needed for it, and none is made room for.
///
/// Whoever can wait awaits it as it stands.
#[must_use]
pub enum Answer<'a, T> {
    /// It is there, or the backend failed.
    Now(Result<T>),
    /// The storage waits for something. Nothing happens before this is polled: who cannot wait may drop it and ask again.
    Later(Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>),
}

impl<T: Send + Unpin + 'static> Future for Answer<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        if let Self::Later(later) = &mut *self {
            return later.as_mut().poll(cx);
        }
        // What is left has no size, so this allocates nothing.
        match std::mem::replace(&mut *self, Self::Later(Box::pin(pending()))) {
            Self::Now(answer) => Poll::Ready(answer),
            Self::Later(_) => Poll::Pending,
        }
    }
}

impl<T> fmt::Debug for Answer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Now(_) => "Now(..)",
            Self::Later(_) => "Later(..)",
        })
    }
}
