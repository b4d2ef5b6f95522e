//! From a cookie to a session.

use tracing::debug;

use crate::{RecordStore, Result, Session, SessionPolicy};

pub(crate) async fn open(
    store: &dyn RecordStore,
    cookie: Option<&str>,
    policy: &SessionPolicy,
) -> Result<Session> {
    let Some(text) = cookie else {
        return Ok(Session::new(policy));
    };
    let Some(id) = policy.parse_id(text) else {
        debug!("the session cookie does not hold an id; a new session begins");
        return Ok(Session::new(policy));
    };
    let key = policy.record_key(&id);
    let Some(record) = store.load(&key).await? else {
        debug!(
            ?key,
            "no session with the cookie's id is known; a new one begins"
        );
        return Ok(Session::new(policy));
    };
    Session::open(id, key, record, policy)
}
