//! From a cookie's value to a session.

use tracing::{debug, error};

use super::records::Records;
use crate::error::Result;
use crate::origin::Origin;
use crate::policy::SessionPolicy;
use crate::state::Session;
use crate::store::RecordStore;

/// Opens the session whose id is `cookie`; a new, empty one if there is none that lives.
pub(crate) async fn open(
    store: &dyn RecordStore,
    cookie: Option<&str>,
    policy: &SessionPolicy,
) -> Result<Session> {
    let Some(text) = cookie else {
        return Ok(Session::new(policy));
    };
    let Some(id) = policy.parse_id(text) else {
        debug!("the session cookie holds no session id; starting a new session");
        return Ok(Session::new(policy));
    };
    let key = policy.record_key(&id);
    let opened = match store.load(&key).await {
        Ok(Some(record)) => Session::open(id, key.clone(), record, policy),
        Ok(None) => {
            debug!(?key, "no session has the cookie's id; starting a new one");
            Ok(Session::new(policy))
        }
        Err(error) => Err(error.into()),
    };
    match opened {
        Err(error) if policy.may_replace(&error) => {
            error!(?key, %error, "the session cannot be read; starting a new one");
            Ok(Session::in_place_of_damaged(key, policy))
        }
        Ok(session) => {
            check_account(store, &session, policy).await?;
            Ok(session)
        }
        Err(error) => Err(error),
    }
}

/// Signs the session out if its account does not list it, under a policy that asks for that.
async fn check_account(
    store: &dyn RecordStore,
    session: &Session,
    policy: &SessionPolicy,
) -> Result<()> {
    if !policy.checks_account_each_time() {
        return Ok(());
    }
    let (key, account) = {
        let state = session.state();
        let Origin::Live(live) = &state.origin else { return Ok(()) };
        let Some(bound) = &live.meta.account else { return Ok(()) };
        (live.key.clone(), bound.account.clone())
    };
    let (index, _) = Records::new(store, policy).index(&account).await?;
    if !index.contains(&key) {
        debug!(?key, "its account does not list the session any more; starting a new one");
        session.state().sign_out();
    }
    Ok(())
}
