//! The plan of a save.

use crate::origin::{Intent, Origin};
use crate::state::State;

/// What a save has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Nothing,
    /// Write a new record under a fresh id.
    Create,
    /// Move the idle deadline of an unchanged session.
    Touch,
    /// Find out whether so many changes, which changed nothing in this request's view, would change
    /// what is stored now.
    Confirm {
        changes: usize,
    },
    /// Write the changes onto the record.
    Write,
    /// Move the session to a new id.
    Regenerate {
        keep_old: u64,
    },
    /// Destroy the session, and write what was set since then under a fresh id.
    Restart,
    /// Destroy sessions that this request does not continue: one that had expired or was damaged when
    /// it was opened, and those of further cookies. Nothing was set since then.
    EndOthers,
    Destroy,
}

impl State {
    /// The plan of a save at `now`. This is the only place where it is decided.
    pub(crate) fn plan(&self, now: u64) -> Plan {
        let keeps = self.is_worth_keeping();
        match (&self.origin, self.intent) {
            (_, Intent::Destroy) => Plan::Destroy,
            (Origin::New, Intent::Restart) if !self.also_end.is_empty() => self.end_and_create(),
            (Origin::New, _) if keeps => Plan::Create,
            (Origin::New, _) => Plan::Nothing,
            (
                Origin::Expired(_) | Origin::Damaged(_),
                Intent::Regenerate { .. } | Intent::Restart,
            ) => self.end_and_create(),
            (_, Intent::Restart) => Plan::Restart,
            (Origin::Destroyed(_) | Origin::Expired(_) | Origin::Damaged(_), _) if keeps => {
                Plan::Create
            }
            (Origin::Destroyed(_) | Origin::Expired(_) | Origin::Damaged(_), _) => Plan::Nothing,
            (_, Intent::Regenerate { keep_old }) => Plan::Regenerate { keep_old },
            (_, Intent::Keep) if self.dirty => Plan::Write,
            (Origin::Live(live), _) if self.is_touch_due(live, now) && self.changes.is_empty() => {
                Plan::Touch
            }
            (Origin::Live(live), _) if self.is_touch_due(live, now) => Plan::Write,
            _ if self.changes.is_empty() => Plan::Nothing,
            // The write is refused, unless the changes only tidy flash values.
            (Origin::Moved(_), _) => Plan::Write,
            // Another request may have set something else since this one opened the session.
            (Origin::Live(_), _) => Plan::Confirm { changes: self.changes.len() },
        }
    }

    fn end_and_create(&self) -> Plan {
        if self.is_worth_keeping() { Plan::Restart } else { Plan::EndOthers }
    }
}
