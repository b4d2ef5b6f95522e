//! How long sessions live, and how they are kept.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{CLOCK_SKEW, Clock, millis};
use crate::error::{Error, ErrorKind};
use crate::id::SessionId;
use crate::record::RecordKey;

/// How long sessions live and how they are kept, the same for every backend. Clones share it.
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
#[derive(Clone, Debug, Default)]
pub struct SessionPolicy {
    rules: Arc<Rules>,
}

#[derive(Clone, Debug)]
struct Rules {
    idle: Duration,
    absolute: Duration,
    in_flight_window: Duration,
    flash: FlashPolicy,
    plain_keys: bool,
    foreign_ids: bool,
    replace_damaged: bool,
    session_limit: Option<(usize, WhenFull)>,
    account_check: AccountCheck,
    clock: Clock,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(24 * 60 * 60),
            absolute: Duration::from_secs(14 * 24 * 60 * 60),
            in_flight_window: Duration::from_secs(60),
            flash: FlashPolicy::UntilRead,
            plain_keys: false,
            foreign_ids: false,
            replace_damaged: false,
            session_limit: None,
            account_check: AccountCheck::AtSignIn,
            clock: Clock::system(),
        }
    }
}

/// When a flash value disappears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlashPolicy {
    /// With the first `get` that reads it, in whichever request that is. It is never lost unread.
    #[default]
    UntilRead,
    /// With the first request after the one that set it, read or not. That request may read it any
    /// number of times. This is what remix's code does.
    NextRequest,
}

/// How long one session lives, instead of what the policy says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifetime {
    /// As the policy says.
    #[default]
    Policy,
    /// As the policy says, but the cookie has no `Max-Age`: the browser drops it when it closes.
    BrowserSession,
    /// This long from now, used or not ("remember me"); the idle timeout does not apply.
    For(Duration),
}

/// What happens to a login that would give an account more sessions than
/// [`SessionPolicy::max_sessions`] allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// The session that was signed in first is ended.
    EvictOldest,
    /// The login is refused: its save is [`Error::TooManySessions`].
    Refuse,
}

/// How often it is checked that an account still lists a session that is signed in to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountCheck {
    /// When the session is signed in. Whatever ends it later puts an end to its record, so nothing
    /// else is needed, as long as the store forgets no record by itself.
    #[default]
    AtSignIn,
    /// Whenever it is opened: one more load for each request of a session that is signed in. A
    /// session that the account does not list counts as signed out. For stores that evict, such as
    /// memcached, or Redis without `noeviction`: there, an eviction of the account's list would keep
    /// its sessions from being found, and ended.
    EachRequest,
}

impl SessionPolicy {
    /// How far the clocks of your servers may differ: 60 seconds.
    ///
    /// Within it every promise holds. Beyond it, a session may expire early or late by the
    /// difference, and a logout may miss a session whose id changed during the last minute, if the
    /// server that handles it takes that minute for past. A server that cannot know whether a write
    /// took effect answers with an error, whatever the clocks say.
    pub const CLOCK_SKEW: Duration = Duration::from_millis(CLOCK_SKEW);

    /// Shares sessions with a remix application: ids in any form, plain record keys where the store
    /// has them, and remix's flash.
    ///
    /// Use it with a remix-compatible cookie. Trade-offs: ids are readable in Redis, so anyone who
    /// can list its keys can take over sessions; and a flash value is gone after the next request
    /// even if nothing read it.
    #[must_use]
    pub fn remix_compatible() -> Self {
        Self::default().flash(FlashPolicy::NextRequest).plain_keys(true).foreign_ids(true)
    }

    /// How long a session lives without a request (OWASP ASVS 5.0 V7.3.1); 24 hours unless set.
    ///
    /// A request that only reads moves the deadline once a tenth of the timeout has passed, so a
    /// session may expire up to a tenth earlier than this after its last request.
    #[must_use]
    pub fn idle(self, timeout: Duration) -> Self {
        self.with(|rules| rules.idle = timeout)
    }

    /// How long a session lives at most (OWASP ASVS 5.0 V7.3.2); 14 days unless set.
    ///
    /// It counts from the session's first save.
    /// [`Session::set_lifetime`](crate::Session::set_lifetime) starts it again.
    #[must_use]
    pub fn absolute(self, lifetime: Duration) -> Self {
        self.with(|rules| rules.absolute = lifetime)
    }

    /// How long a destroyed or moved session leaves a tombstone, which tells requests already under
    /// way that the session is gone; 60 seconds unless set. It is also how long after its deadline
    /// a session may still be saved by a request that opened it in time.
    ///
    /// Make it longer than your slowest request. A request that takes longer finds no tombstone any
    /// more; its write is still refused, but the error is [`Vanished`](crate::Error::Vanished).
    #[must_use]
    pub fn in_flight_window(self, window: Duration) -> Self {
        self.with(|rules| rules.in_flight_window = window)
    }

    /// When a flash value disappears.
    #[must_use]
    pub fn flash(self, policy: FlashPolicy) -> Self {
        self.with(|rules| rules.flash = policy)
    }

    /// Lets record keys carry the id itself, so that a store can share records with a library that
    /// does not hash its ids.
    ///
    /// Anyone who can list the keys of such a database has usable ids. The stores for files and
    /// memcached hash anyway.
    #[must_use]
    pub fn plain_keys(self, plain: bool) -> Self {
        self.with(|rules| rules.plain_keys = plain)
    }

    /// Opens records that another library made: under ids of any printable form, see
    /// [`SessionId::parse_foreign`], and without this library's metadata. Without it such a record
    /// is an error.
    #[must_use]
    pub fn foreign_ids(self, foreign: bool) -> Self {
        self.with(|rules| rules.foreign_ids = foreign)
    }

    /// Starts a new session where a stored one cannot be read, because its record was cut or was
    /// written by something else. That is logged as an error. A logout or a login of such a request
    /// removes the record.
    ///
    /// Without it, every request with that cookie is an error of kind
    /// [`Corrupt`](crate::ErrorKind::Corrupt), a logout too, until the record expires or someone
    /// has mended or removed it.
    #[must_use]
    pub fn replace_damaged(self, replace: bool) -> Self {
        self.with(|rules| rules.replace_damaged = replace)
    }

    /// How many sessions one account may have (OWASP ASVS 5.0 V7.1.2), and what happens to a login
    /// beyond that; without a limit unless set. At least one.
    ///
    /// It is checked at sign-in: a limit that you lower ends no session by itself.
    #[must_use]
    pub fn max_sessions(self, limit: usize, when_full: WhenFull) -> Self {
        self.with(|rules| rules.session_limit = Some((limit.max(1), when_full)))
    }

    /// How often it is checked that an account still lists a session that is signed in to it;
    /// [`AccountCheck::AtSignIn`] unless set.
    #[must_use]
    pub fn account_check(self, check: AccountCheck) -> Self {
        self.with(|rules| rules.account_check = check)
    }

    /// The clock that decides expiry; the system's unless set.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|rules| rules.clock = clock)
    }

    /// See [`idle`](Self::idle).
    pub fn idle_timeout(&self) -> Duration {
        self.rules.idle
    }

    /// See [`absolute`](Self::absolute).
    pub fn absolute_lifetime(&self) -> Duration {
        self.rules.absolute
    }

    /// See [`flash`](Self::flash).
    pub fn flash_policy(&self) -> FlashPolicy {
        self.rules.flash
    }

    /// See [`clock`](Self::clock).
    pub fn time(&self) -> &Clock {
        &self.rules.clock
    }

    /// The record key of a session's id, hashed or plain.
    pub fn record_key(&self, id: &SessionId) -> RecordKey {
        if self.rules.plain_keys { RecordKey::plain_of(id) } else { RecordKey::hashed(id) }
    }

    /// The id that a cookie's text names, if it has the form of one.
    pub fn parse_id(&self, text: &str) -> Option<SessionId> {
        if self.rules.foreign_ids { SessionId::parse_foreign(text) } else { SessionId::parse(text) }
    }

    pub(crate) fn session_limit(&self) -> Option<(usize, WhenFull)> {
        self.rules.session_limit
    }

    pub(crate) fn checks_account_each_time(&self) -> bool {
        self.rules.account_check == AccountCheck::EachRequest
    }

    /// Whether a record whose load failed with `error` counts as none.
    pub(crate) fn may_replace(&self, error: &Error) -> bool {
        self.rules.replace_damaged && error.kind() == ErrorKind::Corrupt
    }

    pub(crate) fn opens_foreign_records(&self) -> bool {
        self.rules.foreign_ids
    }

    fn with(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(Arc::make_mut(&mut self.rules));
        self
    }

    pub(crate) fn now(&self) -> u64 {
        self.rules.clock.millis()
    }

    pub(crate) fn window(&self) -> u64 {
        millis(self.rules.in_flight_window)
    }

    /// When a session that began at `created` expires even if it is in use.
    pub(crate) fn absolute_deadline(&self, created: u64, lifetime: Lifetime) -> u64 {
        created
            + match lifetime {
                Lifetime::For(lifetime) => millis(lifetime),
                Lifetime::Policy | Lifetime::BrowserSession => millis(self.rules.absolute),
            }
    }

    /// The idle deadline that a request at `now` gives to a session.
    pub(crate) fn idle_deadline(&self, created: u64, lifetime: Lifetime, now: u64) -> u64 {
        let absolute = self.absolute_deadline(created, lifetime);
        match lifetime {
            Lifetime::For(_) => absolute,
            Lifetime::Policy | Lifetime::BrowserSession => {
                absolute.min(now + millis(self.rules.idle))
            }
        }
    }

    /// Whether moving the idle deadline from `stored` to `next` is worth a write: a tenth of the
    /// timeout has passed, or no later move is possible.
    pub(crate) fn move_is_due(&self, stored: u64, next: u64, absolute: u64) -> bool {
        let gain = next.saturating_sub(stored);
        gain > 0 && (gain >= millis(self.rules.idle) / 10 || next == absolute)
    }
}
