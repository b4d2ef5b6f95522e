//! Requests without HTTP: a cookie comes in, a session is opened, changed and saved, a cookie goes out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use session_core::{
    Clock, CookieChange, CookieContent, Error, ErrorKind, Outcome, RecordKey, Saved, Session,
    SessionId, SessionPolicy, SessionStorage, storage,
};

use crate::Failure;
use crate::check::Result;
use crate::context::Context;
use crate::failure::{clip, expect};
use crate::trace::Trace;

pub(super) const IDLE: Duration = Duration::from_secs(1000);
pub(super) const ABSOLUTE: Duration = Duration::from_secs(10_000);

/// A web site under test, on a clock of its own.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) storage: Arc<dyn SessionStorage>,
    pub(super) policy: SessionPolicy,
    clock: Clock,
    trace: Trace,
    /// Cookies in the order in which they were first seen, to name them by.
    cookies: Arc<Mutex<Vec<String>>>,
}

/// A browser: what it last was told to keep.
#[derive(Clone, Debug, Default)]
pub(super) struct Browser {
    pub(super) cookie: Option<String>,
}

impl Site {
    /// Idle after 1000 s, over after 10 000 s.
    pub(super) fn new(cx: &Context) -> Self {
        Self::on(cx, cx.storage())
    }

    /// The same on another storage.
    pub(super) fn on(cx: &Context, storage: Arc<dyn SessionStorage>) -> Self {
        let clock = Clock::manual();
        let policy = SessionPolicy::default()
            .idle(IDLE)
            .absolute(ABSOLUTE)
            .clock(clock.clone());
        let policy = storage::bind(policy, Arc::clone(&storage));
        Self {
            storage,
            policy,
            clock,
            trace: cx.trace.clone(),
            cookies: Arc::default(),
        }
    }

    /// The same with another policy, on the same clock.
    pub(super) fn policy(mut self, change: impl FnOnce(SessionPolicy) -> SessionPolicy) -> Self {
        self.policy = change(self.policy);
        self
    }

    /// Lets time pass for the sessions, at once.
    pub(super) fn pass(&self, time: Duration) {
        self.trace
            .note(format!("(the session clock moves by {time:?})"));
        self.clock.advance(time);
    }

    pub(super) fn has_ids(&self) -> bool {
        self.storage.content() == CookieContent::Id
    }

    /// The first half of a request.
    pub(super) async fn open(&self, browser: &Browser) -> Result<Session> {
        Ok(self.try_open(browser).await?)
    }

    pub(super) async fn try_open(&self, browser: &Browser) -> Result<Session, Error> {
        let opened = self
            .storage
            .read(browser.cookie.as_deref().map(Into::into), &self.policy)
            .await;
        let with = match &browser.cookie {
            Some(cookie) => self.name(cookie),
            None => "no cookie".to_owned(),
        };
        self.trace.note(match &opened {
            Ok(session) => format!("opened with {with}: {}", clip(&session.data())),
            Err(error) => format!("opened with {with}: {:?} error: {error}", error.kind()),
        });
        opened
    }

    /// The second half of a request.
    pub(super) async fn save(&self, session: &Session) -> Result<Saved, Error> {
        let saved = self.storage.save(session, &self.policy).await;
        self.trace.note(match &saved {
            Ok(Saved { cookie, outcome }) => {
                let cookie = match cookie {
                    CookieChange::Set { value, .. } => format!("Set {}", self.name(value)),
                    other => format!("{other:?}"),
                };
                format!("saved: {outcome:?}, cookie: {cookie}")
            }
            Err(error) => format!("not saved: {:?} error: {error}", error.kind()),
        });
        saved
    }

    /// The second half of a request whose response reaches `browser`.
    pub(super) async fn answer(&self, session: &Session, browser: &mut Browser) -> Result<Saved> {
        let saved = self.save(session).await?;
        browser.take(&saved.cookie);
        Ok(saved)
    }

    /// The second half of a request that must succeed, and whose response goes nowhere.
    pub(super) async fn write(&self, session: &Session) -> Result {
        Ok(self.save(session).await.map(drop)?)
    }

    /// The second half of a request that must succeed, and whose response reaches `browser`.
    pub(super) async fn end(&self, session: &Session, browser: &mut Browser) -> Result {
        self.answer(session, browser).await.map(drop)
    }

    /// A whole request.
    pub(super) async fn request<T>(
        &self,
        browser: &mut Browser,
        handler: impl FnOnce(&Session) -> Result<T, Error>,
    ) -> Result<T> {
        let session = self.open(browser).await?;
        let answer = handler(&session)?;
        self.end(&session, browser).await?;
        Ok(answer)
    }

    /// A browser with a session that holds `n` = 1.
    pub(super) async fn visitor(&self) -> Result<Browser> {
        let mut browser = Browser::default();
        self.request(&mut browser, |session| session.set("n", &1))
            .await?;
        Ok(browser)
    }

    /// The text under `key` of what `browser` opens, without consuming it.
    pub(super) async fn sees(&self, browser: &Browser, key: &str) -> Result<Option<String>> {
        Ok(self.open(browser).await?.peek::<String>(key)?)
    }

    /// Fails unless `browser` opens a session with nothing in it.
    pub(super) async fn finds_nothing(&self, what: &str, browser: &Browser) -> Result {
        let session = self.open(browser).await?;
        let data = session.data();
        let keys: Vec<_> = data.values.keys().chain(data.flash.keys()).collect();
        expect(what, &keys, &Vec::<&String>::new())
    }

    fn name(&self, cookie: &str) -> String {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let place = cookies.iter().position(|known| known == cookie);
        let place = place.unwrap_or_else(|| {
            cookies.push(cookie.to_owned());
            cookies.len() - 1
        });
        if self.has_ids() {
            let key = SessionId::parse_foreign(cookie).map(|id| RecordKey::hashed(&id));
            return match key {
                Some(key) => format!("cookie {} ({key:?})", place + 1),
                None => format!("cookie {}", place + 1),
            };
        }
        format!("cookie {}", place + 1)
    }
}

impl Browser {
    pub(super) fn with(cookie: &str) -> Self {
        Self {
            cookie: Some(cookie.to_owned()),
        }
    }

    pub(super) fn take(&mut self, change: &CookieChange) {
        match change {
            CookieChange::Keep => {}
            CookieChange::Set { value, .. } => self.cookie = Some(value.clone()),
            CookieChange::Remove => self.cookie = None,
        }
    }
}

/// Fails unless a save did `outcome`, and left the browser's cookie alone.
pub(super) fn kept_cookie(what: &str, saved: &Saved, outcome: Outcome) -> Result {
    expect(what, &saved.outcome, &outcome)?;
    expect(what, &saved.cookie, &CookieChange::Keep)
}

/// Fails unless a save did `outcome` and set a cookie; returns its value and for how long it lives.
pub(super) fn set_cookie(
    what: &str,
    saved: &Saved,
    outcome: Outcome,
) -> Result<(String, Option<Duration>)> {
    expect(what, &saved.outcome, &outcome)?;
    match &saved.cookie {
        CookieChange::Set { value, max_age } => Ok((value.clone(), *max_age)),
        other => Err(Failure {
            expected: "Set".to_owned(),
            seen: clip(other),
            ..Failure::new(format!("{what}: the cookie"))
        }),
    }
}

/// Fails unless `result` is an error of this kind.
pub(super) fn fails<T>(what: &str, result: Result<T, Error>, kind: ErrorKind) -> Result {
    let seen = result.map(|_| "no error").map_err(|error| error.kind());
    expect(what, &seen, &Err(kind))
}
