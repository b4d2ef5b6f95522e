//! The engine: what makes records into sessions that lose no update and do not rise again.
//!
//! Every write is conditional on the version that it was built on. What the condition refuses is loaded again, the same changes
//! are made to the newer state, and it is sent again. A session that is destroyed or moves to a new id leaves a tombstone, so
//! that a request already under way finds out what happened. Every batch of changes carries an id into the record, by which
//! a write with an unknown outcome is found again. `ARCHITECTURE.md` tells why each part is needed.

mod create;
mod destroy;
mod open;
mod regenerate;
mod run;
mod write;

pub(crate) use open::open;

use run::Run;

use crate::state::{Intent, Origin};
use crate::{Outcome, RecordStore, Result, Saved, Session, SessionPolicy};

pub(crate) async fn save(
    store: &dyn RecordStore,
    session: &Session,
    policy: &SessionPolicy,
) -> Result<Saved> {
    let _turn = session.turn().await;
    let mut run = Run::new(store, session, policy);
    // Boxed where it is rare: the future of a plain write has no room for the others then, and is a third as large.
    let outcome = match run.plan() {
        Plan::Nothing => Outcome::Unchanged,
        Plan::Create => Box::pin(run.create()).await?,
        Plan::Touch => Box::pin(run.touch()).await?,
        Plan::Confirm { changes } => Box::pin(run.confirm(changes)).await?,
        Plan::Write => run.write().await?,
        Plan::Regenerate { keep_old } => Box::pin(run.regenerate(keep_old)).await?,
        Plan::Restart => Box::pin(run.restart()).await?,
        Plan::Destroy => Box::pin(run.destroy()).await?,
    };
    Ok(Saved {
        cookie: session.state().cookie.clone(),
        outcome,
    })
}

/// What a save has to do.
enum Plan {
    Nothing,
    Create,
    Touch,
    /// So many changes, which changed nothing of what was found.
    Confirm {
        changes: usize,
    },
    Write,
    Regenerate {
        keep_old: u64,
    },
    Restart,
    Destroy,
}

impl Run<'_> {
    fn plan(&mut self) -> Plan {
        let state = self.session.state();
        self.orders = state.orders;
        match (&state.origin, state.intent) {
            (_, Intent::Destroy) => Plan::Destroy,
            (Origin::New, _) if state.content.is_empty() => Plan::Nothing,
            (Origin::New, _) => Plan::Create,
            (_, Intent::Restart) => Plan::Restart,
            (Origin::Destroyed(_), _) if state.content.is_empty() => Plan::Nothing,
            (Origin::Destroyed(_), _) => Plan::Create,
            (_, Intent::Regenerate { keep_old }) => Plan::Regenerate { keep_old },
            (_, Intent::Keep) if state.dirty => Plan::Write,
            (Origin::Live(live), Intent::Keep) if state.touch_is_due(live, self.now) => {
                match state.changes.is_empty() {
                    true => Plan::Touch,
                    false => Plan::Write,
                }
            }
            (_, Intent::Keep) if state.changes.is_empty() => Plan::Nothing,
            (Origin::Live(_), Intent::Keep) => Plan::Confirm {
                changes: state.changes.len(),
            },
            (_, Intent::Keep) => Plan::Write,
        }
    }
}
