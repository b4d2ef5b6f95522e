//! Storages that are not made of records, and break what a session promises.

use std::borrow::Cow;
use std::marker::PhantomData;

use session_conformance::{Fixture, Promise, Subject};
use session_core::storage::Answer;
use session_core::{
    CookieChange, Error, Outcome, Result, Saved, Session, SessionPolicy, SessionStorage,
};

use super::{Case, Plain};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case::<SendsTheCookieAgain>("session/a_stored_session_keeps_its_cookie"),
        case::<CookieForEveryVisitor>("session/a_visit_without_data_sets_no_cookie"),
        case::<LogoutKeepsTheCookie>("session/destroy_ends_the_session"),
        case::<SwallowsConflicts>("session/a_write_to_a_moved_session_is_an_error"),
        case::<SavesWhatDidNotChange>("session/an_unchanged_session_is_not_saved"),
    ]
}

fn case<F: Lie>(check: &'static str) -> Case {
    let path = std::any::type_name::<F>();
    let made = || async { Fixture::storage(Lying(Plain::default(), PhantomData::<F>)) };
    Case {
        store: path.rsplit("::").next().unwrap(),
        check,
        subject: Subject::new(made).cannot(Promise::Records, "it has none"),
    }
}

/// What a storage makes of the answer of a save.
trait Lie: std::fmt::Debug + Send + Sync + 'static {
    fn answer(session: &Session, saved: Result<Saved>) -> Result<Saved>;
}

#[derive(Debug)]
struct Lying<L>(Plain, PhantomData<L>);

impl<L: Lie> SessionStorage for Lying<L> {
    fn read<'a>(
        &'a self,
        cookie: Option<Cow<'a, str>>,
        policy: &'a SessionPolicy,
    ) -> Answer<'a, Session> {
        self.0.read(cookie, policy)
    }

    fn save<'a>(&'a self, session: &'a Session, policy: &'a SessionPolicy) -> Answer<'a, Saved> {
        Answer::Later(Box::pin(async {
            L::answer(session, self.0.save(session, policy).await)
        }))
    }
}

fn set_to(session: &Session) -> Result<CookieChange> {
    Ok(CookieChange::Set {
        value: session.id()?.as_str().to_owned(),
        max_age: None,
    })
}

/// Sends an existing id with every response, "so that the cookie stays fresh".
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

/// Gives every visitor an id.
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

/// Destroys the record, and leaves the cookie.
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

/// Answers as if a write that had nowhere to go had been made.
#[derive(Debug)]
struct SwallowsConflicts;

impl Lie for SwallowsConflicts {
    fn answer(_: &Session, saved: Result<Saved>) -> Result<Saved> {
        match saved {
            Err(Error::Moved | Error::Vanished) => Ok(Saved {
                cookie: CookieChange::Keep,
                outcome: Outcome::Stored,
            }),
            other => other,
        }
    }
}

/// Says that it stored what had not changed.
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
