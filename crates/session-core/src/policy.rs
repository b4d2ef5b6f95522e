//! How long sessions live, and how they are kept.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::millis;
use crate::{Clock, RecordKey, SessionId, SessionStorage};

/// How long sessions live and how they are kept; the same for every backend. Clones share it, and are cheap.
///
/// ```
/// use std::time::Duration;
/// use session_core::SessionPolicy;
///
/// let policy = SessionPolicy::default()
///     .idle(Duration::from_secs(30 * 60))
///     .absolute(Duration::from_secs(12 * 60 * 60));
/// assert_eq!(policy.idle_timeout(), Duration::from_secs(1800));
/// ```
#[derive(Clone, Default)]
pub struct SessionPolicy {
    /// `None` is the default.
    rules: Option<Arc<Rules>>,
}

#[derive(Clone)]
struct Rules {
    idle: Duration,
    absolute: Duration,
    in_flight_window: Duration,
    flash: FlashPolicy,
    plain_keys: bool,
    foreign_ids: bool,
    clock: Clock,
    /// What [`Session::commit`](crate::Session::commit) saves to.
    storage: Option<Arc<dyn SessionStorage>>,
}

#[cfg(test)]
impl SessionPolicy {
    pub(crate) fn is_default(&self) -> bool {
        self.rules.is_none()
    }
}

/// When a flash value disappears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlashPolicy {
    /// With the first `get` that reads it, in whichever request that is. It is never lost unread.
    #[default]
    UntilRead,
    /// With the first request after the one that set it, read or not; that request may read it any number of times. This is what
    /// remix's code does.
    NextRequest,
}

/// How long one session lives, in place of what the policy says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifetime {
    /// As the policy says.
    #[default]
    Policy,
    /// As the policy says, but the cookie has no `Max-Age`: the browser drops it when it closes.
    BrowserSession,
    /// So long from now, used or not ("remember me"); the idle timeout does not apply.
    For(Duration),
}

static DEFAULT: Rules = Rules {
    idle: Duration::from_secs(24 * 60 * 60),
    absolute: Duration::from_secs(14 * 24 * 60 * 60),
    in_flight_window: Duration::from_secs(60),
    flash: FlashPolicy::UntilRead,
    plain_keys: false,
    foreign_ids: false,
    clock: Clock::SYSTEM,
    storage: None,
};

impl SessionPolicy {
    /// Shares sessions with a remix application: ids in any form, plain record keys where the store has them, and remix's flash.
    ///
    /// Use it with a cookie that is remix-compatible too. What one gives up by it: ids stand readable in Redis, so whoever can
    /// list its keys can take over sessions, and a flash value is gone after the next request even if nothing read it.
    #[must_use]
    pub fn remix_compatible() -> Self {
        Self::default()
            .flash(FlashPolicy::NextRequest)
            .plain_keys(true)
            .foreign_ids(true)
    }

    /// How long a session lives without a request (OWASP ASVS 5.0 V7.3.1); 24 hours unless set.
    ///
    /// A request that only reads moves the deadline once a tenth of it has run down, so a session may expire up to a tenth
    /// earlier than this after its last request.
    #[must_use]
    pub fn idle(self, timeout: Duration) -> Self {
        self.with(|rules| rules.idle = timeout)
    }

    /// How long a session lives at the most (OWASP ASVS 5.0 V7.3.2); 14 days unless set.
    ///
    /// It counts from the session's first save, and [`Session::set_lifetime`](crate::Session::set_lifetime) starts it anew.
    #[must_use]
    pub fn absolute(self, lifetime: Duration) -> Self {
        self.with(|rules| rules.absolute = lifetime)
    }

    /// How long a destroyed or moved session leaves a tombstone, which stops requests that were already under way from bringing
    /// it back unnoticed; 60 seconds unless set. Longer than the slowest request: one that takes longer finds no tombstone any
    /// more, and with a window of zero none does.
    #[must_use]
    pub fn in_flight_window(self, window: Duration) -> Self {
        self.with(|rules| rules.in_flight_window = window)
    }

    /// When a flash value disappears.
    #[must_use]
    pub fn flash(self, policy: FlashPolicy) -> Self {
        self.with(|rules| rules.flash = policy)
    }

    /// Lets record keys carry the id itself, so that a store can share records with a library that does not hash its ids.
    ///
    /// Whoever can list the keys of such a database holds usable ids. Stores for files and memcached hash all the same.
    #[must_use]
    pub fn plain_keys(self, plain: bool) -> Self {
        self.with(|rules| rules.plain_keys = plain)
    }

    /// Opens records under ids of any printable form, as another library made them; see [`SessionId::parse_foreign`].
    #[must_use]
    pub fn foreign_ids(self, foreign: bool) -> Self {
        self.with(|rules| rules.foreign_ids = foreign)
    }

    /// The clock that decides expiry; the system's unless set.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|rules| rules.clock = clock)
    }

    /// See [`idle`](Self::idle).
    pub fn idle_timeout(&self) -> Duration {
        self.rules().idle
    }

    /// See [`absolute`](Self::absolute).
    pub fn absolute_lifetime(&self) -> Duration {
        self.rules().absolute
    }

    /// See [`flash`](Self::flash).
    pub fn flash_policy(&self) -> FlashPolicy {
        self.rules().flash
    }

    /// See [`clock`](Self::clock).
    pub fn time(&self) -> &Clock {
        &self.rules().clock
    }

    /// The record key of a session's id, hashed or plain.
    pub fn record_key(&self, id: &SessionId) -> RecordKey {
        if self.rules().plain_keys {
            RecordKey::plain_of(id)
        } else {
            RecordKey::hashed(id)
        }
    }

    /// The id that a cookie's text names, if it has the form of one.
    pub fn parse_id(&self, text: &str) -> Option<SessionId> {
        if self.rules().foreign_ids {
            SessionId::parse_foreign(text)
        } else {
            SessionId::parse(text)
        }
    }

    fn rules(&self) -> &Rules {
        self.rules.as_deref().unwrap_or(&DEFAULT)
    }

    fn with(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        let rules = self.rules.get_or_insert_with(|| Arc::new(DEFAULT.clone()));
        change(Arc::make_mut(rules));
        self
    }

    pub(crate) fn bound_to(self, storage: Arc<dyn SessionStorage>) -> Self {
        self.with(|rules| rules.storage = Some(storage))
    }

    pub(crate) fn storage(&self) -> Option<&Arc<dyn SessionStorage>> {
        self.rules().storage.as_ref()
    }

    pub(crate) fn now(&self) -> u64 {
        self.rules().clock.millis()
    }

    pub(crate) fn window(&self) -> u64 {
        millis(self.rules().in_flight_window)
    }

    /// The moment after which a session that began at `created` is over, used or not.
    pub(crate) fn absolute_deadline(&self, created: u64, lifetime: Lifetime) -> u64 {
        created
            + match lifetime {
                Lifetime::For(lifetime) => millis(lifetime),
                Lifetime::Policy | Lifetime::BrowserSession => millis(self.rules().absolute),
            }
    }

    /// The idle deadline that a request at `now` gives to such a session.
    pub(crate) fn idle_deadline(&self, created: u64, lifetime: Lifetime, now: u64) -> u64 {
        let absolute = self.absolute_deadline(created, lifetime);
        match lifetime {
            Lifetime::For(_) => absolute,
            Lifetime::Policy | Lifetime::BrowserSession => {
                absolute.min(now + millis(self.rules().idle))
            }
        }
    }

    /// Whether moving the idle deadline from `stored` to `next` is worth a write: a tenth has run down, or it is the last move.
    pub(crate) fn move_is_due(&self, stored: u64, next: u64, absolute: u64) -> bool {
        let gain = next.saturating_sub(stored);
        gain > 0 && (gain >= millis(self.rules().idle) / 10 || next == absolute)
    }
}

impl fmt::Debug for SessionPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rules {
            idle,
            absolute,
            in_flight_window,
            flash,
            plain_keys,
            foreign_ids,
            clock,
            storage: _,
        } = self.rules();
        f.debug_struct("SessionPolicy")
            .field("idle", idle)
            .field("absolute", absolute)
            .field("in_flight_window", in_flight_window)
            .field("flash", flash)
            .field("plain_keys", plain_keys)
            .field("foreign_ids", foreign_ids)
            .field("clock", clock)
            .finish()
    }
}
