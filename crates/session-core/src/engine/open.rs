//! From a cookie's value to a session.

use tracing::debug;

use crate::error::Result;
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
    match store.load(&key).await? {
        Some(record) => Session::open(id, key, record, policy),
        None => {
            debug!(?key, "no session has the cookie's id; starting a new one");
            Ok(Session::new(policy))
        }
    }
}
