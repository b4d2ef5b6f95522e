//! One simulated request: opens its session, acts, saves.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use session_core::{CookieChange, ErrorKind, Result, Saved, Session, SessionStorage};

use super::action::Action;
use super::check::Ending;
use super::content::View;
use super::gate::{Gate, Permit};
use super::model::Reply;
use super::scene::Stage;

type Future = Pin<Box<dyn std::future::Future<Output = Result<Saved>> + Send>>;

pub(super) struct Request {
    pub(super) gate: Gate,
    /// `None` once it has ended.
    future: Option<Future>,
    opened: Arc<OnceLock<(Session, View)>>,
    policy: session_core::SessionPolicy,
    pub(super) answered: Option<Answered>,
}

/// What the client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Cookie(CookieChange),
    Error(ErrorKind, String),
    /// Nothing: the server died.
    Nothing,
}

impl Request {
    pub(super) fn new(stage: &Stage, id: usize, who: usize, action: Action) -> Self {
        let gate = Gate::new(Arc::clone(&stage.store));
        let policy = stage.policy.clone();
        let opened = Arc::new(OnceLock::new());
        let cookie = stage.ids.get(id).cloned();
        let future: Future = {
            let (gate, policy, opened) = (gate.clone(), policy.clone(), Arc::clone(&opened));
            Box::pin(async move {
                let session = gate.read(cookie.as_deref(), &policy).await?;
                let _ = opened.set((session.clone(), View::of(&session)));
                action.act(&session, who)?;
                gate.save(&session, &policy).await
            })
        };
        Self {
            gate,
            future: Some(future),
            opened,
            policy,
            answered: None,
        }
    }

    /// What it saw when it opened its session.
    pub(super) fn view(&self) -> Option<View> {
        self.opened.get().map(|(_, view)| *view)
    }

    /// Runs to the next operation, or to its end.
    pub(super) async fn run(&mut self) {
        let Some(future) = &mut self.future else {
            return;
        };
        let gate = &self.gate;
        let ended = poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if gate.is_waiting() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        if let Some(ended) = ended.await {
            self.future = None;
            self.answered = Some(match ended {
                Ok(saved) => Answered::Cookie(saved.cookie),
                Err(error) => Answered::Error(error.kind(), error.to_string()),
            });
        }
    }

    pub(super) async fn go(&mut self, permit: Permit) {
        self.gate.permit(permit);
        self.run().await;
    }

    /// Drops it where it stands.
    pub(super) fn die(&mut self) {
        self.future = None;
        self.gate.forget();
        self.answered = Some(Answered::Nothing);
    }

    /// Drops its save where it stands, if it is still under way, and saves the same session again.
    pub(super) async fn save_again(&mut self) {
        let Some((session, _)) = self.opened.get() else {
            return;
        };
        self.gate.forget();
        self.answered = None;
        let (gate, policy) = (self.gate.clone(), self.policy.clone());
        let session = session.clone();
        self.future = Some(Box::pin(async move { gate.save(&session, &policy).await }));
        self.run().await;
    }

    /// How the model calls its end.
    pub(super) fn ending(&self, may_fail: bool) -> Ending {
        match &self.answered {
            Some(Answered::Cookie(CookieChange::Keep)) => Ending::Replied(Reply::Keep),
            Some(Answered::Cookie(CookieChange::Set { .. })) => Ending::Replied(Reply::Set),
            Some(Answered::Cookie(CookieChange::Remove)) => Ending::Replied(Reply::Remove),
            Some(Answered::Error(ErrorKind::Moved, _)) => Ending::Replied(Reply::Moved),
            Some(Answered::Error(ErrorKind::Timeout | ErrorKind::Unavailable, _)) if may_fail => {
                Ending::Unknown
            }
            Some(Answered::Nothing) => Ending::Unknown,
            Some(Answered::Error(..)) | None => Ending::Wrong,
        }
    }

    /// The id that it gave to the browser.
    pub(super) fn told(&self) -> Option<&str> {
        match &self.answered {
            Some(Answered::Cookie(CookieChange::Set { value, .. })) => Some(value),
            _ => None,
        }
    }
}
