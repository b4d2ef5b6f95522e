//! How long a session lives.

use std::time::Duration;

use crate::body::Meta;
use crate::origin::{Intent, Origin};
use crate::policy::Lifetime;
use crate::snapshot::Snapshot;
use crate::state::State;

impl State {
    /// When the session was first saved and how long it may live, or from when and how long it
    /// will, if this request starts it or sets its lifetime.
    pub(crate) fn created_and_lifetime(&self, now: u64) -> (u64, Lifetime) {
        match (self.lifetime, &self.origin, self.intent) {
            (Some(lifetime), _, _) => (now, lifetime),
            (None, _, _) if self.sign_in.is_some() => (now, Lifetime::Policy),
            (None, Origin::Live(live), Intent::Keep | Intent::Regenerate { .. }) => {
                (live.meta.created, live.meta.lifetime)
            }
            _ => (now, Lifetime::Policy),
        }
    }

    /// When the session expires if no later request uses it.
    pub(crate) fn expires(&self) -> u64 {
        let now = self.policy.now();
        let (created, lifetime) = self.created_and_lifetime(now);
        match &self.origin {
            Origin::Live(live) if !self.will_write(live) => {
                let absolute = self.policy.absolute_deadline(created, lifetime);
                live.meta.deadline.min(absolute)
            }
            _ => self.policy.idle_deadline(created, lifetime, now),
        }
    }

    /// Whether the save of this request will write the record, and with it a later deadline.
    fn will_write(&self, live: &Snapshot) -> bool {
        self.dirty || self.intent != Intent::Keep || self.is_touch_due(live, self.opened_at)
    }

    /// Whether the idle deadline of an unchanged session is worth moving.
    pub(crate) fn is_touch_due(&self, live: &Snapshot, now: u64) -> bool {
        let (created, lifetime) = (live.meta.created, live.meta.lifetime);
        let next = self.policy.idle_deadline(created, lifetime, now);
        let absolute = self.policy.absolute_deadline(created, lifetime);
        live.foreign || self.policy.move_is_due(live.meta.deadline, next, absolute)
    }

    /// How long the browser keeps a cookie that is made now.
    pub(crate) fn max_age(&self, meta: &Meta, now: u64) -> Option<Duration> {
        let absolute = self.policy.absolute_deadline(meta.created, meta.lifetime);
        let remaining = Duration::from_millis(absolute.saturating_sub(now));
        (meta.lifetime != Lifetime::BrowserSession).then_some(remaining)
    }
}
