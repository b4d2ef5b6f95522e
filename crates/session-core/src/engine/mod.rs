//! The engine: turns records into sessions that never lose an update and never come back.
//!
//! Every write is conditional on the version that it was built on. If the condition refuses it, the
//! engine loads the record again, applies the same changes to the newer state, and writes again. A
//! session that is destroyed or moves to a new id leaves a tombstone, so that a request already
//! under way finds out what happened. Every batch of changes puts an id into the record; a write
//! whose outcome is unknown is found again by it. `ARCHITECTURE.md` explains why each part is
//! needed.

mod create;
mod destroy;
mod index;
mod open;
mod plan;
mod records;
mod regenerate;
mod save;
mod sign_in;
mod write;

pub(crate) use open::open;
pub(crate) use plan::Plan;
pub(crate) use records::Records;

use self::save::Save;
use crate::error::Result;
use crate::outcome::{Outcome, Saved};
use crate::policy::SessionPolicy;
use crate::state::Session;
use crate::store::RecordStore;

/// Saves what the request did to `session`.
pub(crate) async fn save(
    store: &dyn RecordStore,
    session: &Session,
    policy: &SessionPolicy,
) -> Result<Saved> {
    let _saving = session.start_save().await;
    let (save, plan) = Save::start(store, session, policy);
    let outcome = match plan {
        Plan::Nothing => Outcome::Unchanged,
        Plan::Create => save.create().await?,
        Plan::Touch => save.touch().await?,
        Plan::Confirm { changes } => save.confirm(changes).await?,
        Plan::Write => save.write().await?,
        Plan::Regenerate { keep_old } => save.regenerate(keep_old).await?,
        Plan::Restart => save.restart().await?,
        Plan::EndOthers => save.end_others().await?,
        Plan::Destroy => save.destroy().await?,
    };
    let mut state = session.state();
    let missed = std::mem::take(&mut state.missed_flash);
    Ok(Saved {
        cookie: state.cookie.clone(),
        outcome,
        already_consumed: missed.iter().map(ToString::to_string).collect(),
    })
}
