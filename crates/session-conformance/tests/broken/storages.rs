//! Storages without records that break what a session promises.

use std::marker::PhantomData;

use async_trait::async_trait;
use session_conformance::{Fixture, Promise, Subject};
use session_core::{
    CookieChange, Error, Outcome, Result, Saved, Session, SessionPolicy, SessionStorage,
};

use crate::flaw::Case;
use crate::plain::Plain;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<SendsTheCookieAgain>(
            "Sends an existing id with every response, \"so that the cookie stays fresh\".",
            "session/plan/an_existing_session_sets_no_cookie",
        ),
        case::<CookieForEveryVisitor>(
            "Gives every visitor an id.",
            "session/plan/an_empty_new_session_is_not_stored",
        ),
        case::<LogoutKeepsTheCookie>(
            "Destroys the record, and leaves the cookie.",
            "session/destroy/destroy_ends_the_session",
        ),
        case::<SwallowsConflicts>(
            "Answers as if a write that had nowhere to go had been made.",
            "session/write/a_write_to_a_moved_session_is_an_error",
        ),
        case::<SavesWhatDidNotChange>(
            "Says that it stored what had not changed.",
            "session/plan/a_request_that_only_reads_writes_nothing",
        ),
    ]
}

fn case<F: Lie>(flaw: &'static str, check: &'static str) -> Case {
    let path = std::any::type_name::<F>();
    let made = || async { Fixture::storage(Lying(Plain::default(), PhantomData::<F>)) };
    Case {
        store: path.rsplit("::").next().unwrap(),
        flaw,
        check,
        subject: Subject::new(made).cannot(Promise::Records, "it has none"),
    }
}

/// What a storage turns the result of a save into.
trait Lie: std::fmt::Debug + Send + Sync + 'static {
    fn answer(session: &Session, saved: Result<Saved>) -> Result<Saved>;
}

#[derive(Debug)]
struct Lying<L>(Plain, PhantomData<L>);

#[async_trait]
impl<L: Lie> SessionStorage for Lying<L> {
    async fn read(&self, cookie: Option<&str>, policy: &SessionPolicy) -> Result<Session> {
        self.0.read(cookie, policy).await
    }

    async fn save(&self, session: &Session, policy: &SessionPolicy) -> Result<Saved> {
        L::answer(session, self.0.save(session, policy).await)
    }
}

fn set_to(session: &Session) -> Result<CookieChange> {
    Ok(CookieChange::Set { value: session.id()?.as_str().to_owned(), max_age: None })
}

#[derive(Debug)]
struct SendsTheCookieAgain;

impl Lie for SendsTheCookieAgain {
    fn answer(session: &Session, saved: Result<Saved>) -> Result<Saved> {
        let mut saved = saved?;
        if saved.cookie == CookieChange::Keep && !session.is_new() {
            saved.cookie = set_to(session)?;
        }
        Ok(saved)
    }
}

#[derive(Debug)]
struct CookieForEveryVisitor;

impl Lie for CookieForEveryVisitor {
    fn answer(session: &Session, saved: Result<Saved>) -> Result<Saved> {
        let mut saved = saved?;
        if saved.cookie == CookieChange::Keep && session.is_new() {
            saved.cookie = set_to(session)?;
        }
        Ok(saved)
    }
}

#[derive(Debug)]
struct LogoutKeepsTheCookie;

impl Lie for LogoutKeepsTheCookie {
    fn answer(_: &Session, saved: Result<Saved>) -> Result<Saved> {
        let mut saved = saved?;
        if saved.cookie == CookieChange::Remove {
            saved.cookie = CookieChange::Keep;
        }
        Ok(saved)
    }
}

#[derive(Debug)]
struct SwallowsConflicts;

impl Lie for SwallowsConflicts {
    fn answer(_: &Session, saved: Result<Saved>) -> Result<Saved> {
        match saved {
            Err(Error::Moved | Error::Vanished) => Ok(Saved {
                cookie: CookieChange::Keep,
                outcome: Outcome::Stored,
                already_consumed: Vec::new(),
            }),
            other => other,
        }
    }
}

#[derive(Debug)]
struct SavesWhatDidNotChange;

impl Lie for SavesWhatDidNotChange {
    fn answer(_: &Session, saved: Result<Saved>) -> Result<Saved> {
        let mut saved = saved?;
        if saved.outcome == Outcome::Unchanged {
            saved.outcome = Outcome::Stored;
        }
        Ok(saved)
    }
}
