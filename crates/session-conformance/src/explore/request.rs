//! One simulated request: it opens its session, changes it, and saves.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;

use session_core::{
    CookieChange, ErrorKind, Result, Saved, Session, SessionPolicy, SessionStorage, storage,
};

use super::action::Action;
use super::check::Ending;
use super::content::View;
use super::gate::{Gate, Permit};
use super::model::Reply;
use super::scene::Setup;

type Future = Pin<Box<dyn std::future::Future<Output = Result<Saved>> + Send>>;

pub(super) struct Request {
    pub(super) gate: Gate,
    /// `None` once it has ended.
    future: Option<Future>,
    opened: Arc<OnceLock<(Session, View)>>,
    work: Work,
    pub(super) answered: Option<Answered>,
}

/// What the client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Cookie(CookieChange),
    /// An error, and the cookie change that an earlier save owes the client.
    Error(ErrorKind, String, CookieChange),
    /// Nothing: the server died.
    Nothing,
}

/// What a request does once its session is open.
#[derive(Clone)]
struct Work {
    gate: Gate,
    policy: SessionPolicy,
    who: usize,
    /// What it has not done yet.
    next: Arc<Mutex<Option<Action>>>,
}

impl Work {
    fn next(&self) -> MutexGuard<'_, Option<Action>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn change_and_save(&self, session: &Session) -> Result<Saved> {
        loop {
            let action = self.next().take();
            if let Some(action) = action {
                *self.next() = action.steps().1;
                action.act(session, self.who)?;
            }
            let saved = self.gate.save(session, &self.policy).await?;
            if self.next().is_none() {
                return Ok(saved);
            }
        }
    }
}

impl Request {
    pub(super) fn new(setup: &Setup, id: usize, who: usize, action: Action) -> Self {
        let gate = Gate::new(Arc::clone(&setup.store));
        let opened = Arc::new(OnceLock::new());
        let cookie = setup.ids.get(id).cloned();
        let work = Work {
            gate: gate.clone(),
            policy: setup.policy_of(who),
            who,
            next: Arc::new(Mutex::new(Some(action))),
        };
        let future: Future = {
            let (work, opened) = (work.clone(), Arc::clone(&opened));
            Box::pin(async move {
                let session = work.gate.read(cookie.as_deref(), &work.policy).await?;
                let _ = opened.set((session.clone(), View::of(&session)));
                work.change_and_save(&session).await
            })
        };
        Self { gate, future: Some(future), opened, work, answered: None }
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
                Err(error) => {
                    let owed = self.opened.get();
                    let owed = owed.map(|(session, _)| storage::owed_cookie(session));
                    Answered::Error(error.kind(), error.to_string(), owed.unwrap_or_default())
                }
            });
        }
    }

    pub(super) async fn go(&mut self, permit: Permit) {
        self.gate.permit(permit);
        self.run().await;
    }

    /// Drops the request where it is.
    pub(super) fn die(&mut self) {
        self.future = None;
        self.gate.forget();
        self.answered = Some(Answered::Nothing);
    }

    /// Drops its save, if that is still under way, and saves again: a handler whose commit ran into
    /// a time limit, or the task that repeats the save of a client that hung up.
    pub(super) async fn retry(&mut self) {
        let Some((session, _)) = self.opened.get() else {
            return;
        };
        self.gate.forget();
        self.answered = None;
        let (work, session) = (self.work.clone(), session.clone());
        self.future = Some(Box::pin(async move { work.change_and_save(&session).await }));
        self.run().await;
    }

    /// Its end in the terms of the model.
    pub(super) fn ending(&self, may_fail: bool) -> Ending {
        match &self.answered {
            Some(Answered::Cookie(CookieChange::Keep)) => Ending::Replied(Reply::Keep),
            Some(Answered::Cookie(CookieChange::Set { .. })) => Ending::Replied(Reply::Set),
            Some(Answered::Cookie(CookieChange::Remove)) => Ending::Replied(Reply::Remove),
            Some(Answered::Error(ErrorKind::Moved, ..)) => Ending::Replied(Reply::Moved),
            Some(Answered::Error(ErrorKind::Destroyed, ..)) => Ending::Replied(Reply::Destroyed),
            Some(Answered::Error(ErrorKind::Timeout | ErrorKind::Unavailable, ..)) if may_fail => {
                Ending::Unknown
            }
            Some(Answered::Nothing) => Ending::Unknown,
            Some(Answered::Error(..)) | None => Ending::Wrong,
        }
    }

    /// The id that it gave to the browser.
    pub(super) fn told(&self) -> Option<&str> {
        match &self.answered {
            Some(
                Answered::Cookie(CookieChange::Set { value, .. })
                | Answered::Error(_, _, CookieChange::Set { value, .. }),
            ) => Some(value),
            _ => None,
        }
    }
}
