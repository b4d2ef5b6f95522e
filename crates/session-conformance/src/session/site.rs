//! Requests without HTTP: a cookie opens a session, which is changed and saved, and a cookie comes
//! back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use session_core::{
    Clock, CookieChange, CookieContent, Error, ErrorKind, Outcome, RecordKey, Saved, Session,
    SessionId, SessionPolicy, SessionStorage,
};

use crate::Failure;
use crate::check::Result;
use crate::context::Context;
use crate::failure::{clip, expect};
use crate::faulty::Faulty;
use crate::recorder::Recorder;
use crate::trace::Trace;

pub(super) const IDLE: Duration = Duration::from_secs(1000);
pub(super) const ABSOLUTE: Duration = Duration::from_secs(10_000);
pub(super) const SECOND: Duration = Duration::from_secs(1);

/// What is under a key without a value, for [`Site::shows`] and [`gets`].
pub(super) const NOTHING: Value = Value::Null;

/// A web site under test, on a clock of its own.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) policy: SessionPolicy,
    storage: Arc<dyn SessionStorage>,
    clock: Clock,
    trace: Trace,
    /// Cookies in the order in which they were first seen. Failures show their numbers.
    cookies: Arc<Mutex<Vec<String>>>,
}

/// A browser with its session cookie.
#[derive(Clone, Debug, Default)]
pub(super) struct Browser {
    pub(super) cookie: Option<String>,
}

impl Site {
    pub(super) fn new(cx: &Context) -> Self {
        Self::on(cx, cx.storage())
    }

    /// A site on a store whose operations can be made to fail.
    pub(super) fn with_faults(cx: &Context) -> Result<(Self, Faulty)> {
        let store = Faulty::new(cx.bare_store()?);
        let recorded = Recorder::new(Arc::new(store.clone()), cx.trace.clone());
        Ok((Self::on(cx, Arc::new(recorded)), store))
    }

    fn on(cx: &Context, storage: Arc<dyn SessionStorage>) -> Self {
        let clock = Clock::manual();
        let policy = SessionPolicy::default().idle(IDLE).absolute(ABSOLUTE).clock(clock.clone());
        Self { policy, storage, clock, trace: cx.trace.clone(), cookies: Arc::default() }
    }

    /// The same site with another policy.
    pub(super) fn policy(mut self, change: impl FnOnce(SessionPolicy) -> SessionPolicy) -> Self {
        self.policy = change(self.policy);
        self
    }

    /// The same site on another server, whose clock is ahead.
    pub(super) fn with_clock_ahead(&self, by: Duration) -> Self {
        let clock = self.clock.ahead_by(by);
        let policy = self.policy.clone().clock(clock.clone());
        Self { policy, clock, ..self.clone() }
    }

    /// Moves the clock of the sessions.
    pub(super) fn pass(&self, time: Duration) {
        self.trace.note(format!("(the session clock moves by {time:?})"));
        self.clock.advance(time);
    }

    /// Whether cookies hold ids, and not the data itself.
    pub(super) fn has_ids(&self) -> bool {
        self.storage.content() == CookieContent::Id
    }

    /// The first half of a request.
    pub(super) async fn open(&self, browser: &Browser) -> Result<Session> {
        Ok(self.try_open(browser).await?)
    }

    pub(super) async fn try_open(&self, browser: &Browser) -> Result<Session, Error> {
        let cookie = browser.cookie.as_deref();
        let opened = self.storage.read(cookie, &self.policy).await;
        let with = cookie.map_or("no cookie".to_owned(), |cookie| self.name(cookie));
        self.trace.note(match &opened {
            Ok(session) => format!("opened with {with}: {}", clip(&session.data())),
            Err(error) => format!("opened with {with}: {:?} error: {error}", error.kind()),
        });
        opened
    }

    /// The second half of a request, or a save in the middle of one.
    pub(super) async fn save(&self, session: &Session) -> Result<Saved, Error> {
        let saved = self.storage.save(session, &self.policy).await;
        self.trace.note(match &saved {
            Ok(saved) => {
                let cookie = match &saved.cookie {
                    CookieChange::Set { value, .. } => format!("Set {}", self.name(value)),
                    other => format!("{other:?}"),
                };
                format!("saved: {:?}, cookie: {cookie}", saved.outcome)
            }
            Err(error) => format!("not saved: {:?} error: {error}", error.kind()),
        });
        saved
    }

    /// A save that must succeed.
    pub(super) async fn write(&self, session: &Session) -> Result {
        Ok(self.save(session).await.map(drop)?)
    }

    /// A save that must succeed, and whose cookie reaches `browser`.
    pub(super) async fn respond(&self, session: &Session, browser: &mut Browser) -> Result<Saved> {
        let saved = self.save(session).await?;
        match &saved.cookie {
            CookieChange::Keep => {}
            CookieChange::Set { value, .. } => browser.cookie = Some(value.clone()),
            CookieChange::Remove => browser.cookie = None,
        }
        Ok(saved)
    }

    /// A whole request.
    pub(super) async fn request<T>(
        &self,
        browser: &mut Browser,
        handler: impl FnOnce(&Session) -> Result<T, Error>,
    ) -> Result<T> {
        let session = self.open(browser).await?;
        let returned = handler(&session)?;
        let _ = self.respond(&session, browser).await?;
        Ok(returned)
    }

    /// A browser whose session has the value `n` = 1.
    pub(super) async fn visitor(&self) -> Result<Browser> {
        let mut browser = Browser::default();
        self.request(&mut browser, |session| session.set("n", &1)).await?;
        Ok(browser)
    }

    /// Two requests of one browser at the same time.
    pub(super) async fn two(&self, browser: &Browser) -> Result<(Session, Session)> {
        Ok((self.open(browser).await?, self.open(browser).await?))
    }

    /// Gives the session of `browser` a new id. Returns a browser that still has the old one.
    pub(super) async fn regenerate(&self, browser: &mut Browser) -> Result<Browser> {
        let old = browser.clone();
        self.request(browser, |session| session.regenerate_id()).await?;
        Ok(old)
    }

    /// A logout in `browser`, which must clear the cookie.
    pub(super) async fn logout(&self, browser: &mut Browser) -> Result {
        let session = self.open(browser).await?;
        session.destroy()?;
        let saved = self.respond(&session, browser).await?;
        expect("the outcome of a logout", &saved.outcome, &Outcome::Destroyed)?;
        expect("the cookie of a logout", &saved.cookie, &CookieChange::Remove)
    }

    /// Fails unless `browser` opens a session with `value` under `key`.
    pub(super) async fn shows(
        &self,
        what: &str,
        browser: &Browser,
        key: &str,
        value: impl Into<Value>,
    ) -> Result {
        let seen = self.open(browser).await?.peek::<Value>(key)?;
        expect(what, &seen.unwrap_or(NOTHING), &value.into())
    }

    /// Fails unless `browser` opens a session that holds these keys, and no others.
    pub(super) async fn holds(&self, what: &str, browser: &Browser, expected: &[&str]) -> Result {
        expect(what, &keys(&self.open(browser).await?), expected)
    }

    /// Fails unless `browser` opens a session that holds nothing.
    pub(super) async fn holds_nothing(&self, what: &str, browser: &Browser) -> Result {
        self.holds(what, browser, &[]).await
    }

    fn name(&self, cookie: &str) -> String {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let position = cookies.iter().position(|known| known == cookie);
        let position = position.unwrap_or_else(|| {
            cookies.push(cookie.to_owned());
            cookies.len() - 1
        });
        let number = position + 1;
        match SessionId::parse_foreign(cookie).filter(|_| self.has_ids()) {
            Some(id) => format!("cookie {number} ({:?})", RecordKey::hashed(&id)),
            None => format!("cookie {number}"),
        }
    }
}

impl Browser {
    pub(super) fn with(cookie: &str) -> Self {
        Self { cookie: Some(cookie.to_owned()) }
    }
}

/// The keys of all values and flash values.
pub(super) fn keys(session: &Session) -> Vec<String> {
    let data = session.data();
    data.values.into_keys().chain(data.flash.into_keys()).collect()
}

/// Fails unless `get` finds `value` under `key`.
pub(super) fn gets(what: &str, session: &Session, key: &str, value: impl Into<Value>) -> Result {
    let seen = session.get::<Value>(key)?;
    expect(what, &seen.unwrap_or(NOTHING), &value.into())
}

/// Counts one up, for `update`.
pub(super) fn add_one(n: Option<u32>) -> Option<u32> {
    Some(n.unwrap_or(0) + 1)
}

/// Fails unless a save had this outcome and left the cookie alone.
pub(super) fn keeps_cookie(what: &str, saved: &Saved, outcome: Outcome) -> Result {
    expect(what, &saved.outcome, &outcome)?;
    expect(what, &saved.cookie, &CookieChange::Keep)
}

/// Fails unless a save stored a session and set a cookie. Returns a browser with that cookie, and
/// how long it keeps it.
pub(super) fn sets_cookie(what: &str, saved: &Saved) -> Result<(Browser, Option<Duration>)> {
    expect(what, &saved.outcome, &Outcome::Stored)?;
    match &saved.cookie {
        CookieChange::Set { value, max_age } => Ok((Browser::with(value), *max_age)),
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
