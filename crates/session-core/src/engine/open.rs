//! From a cookie to a session.

use tracing::debug;

use crate::state::{Origin, State};
use crate::{RecordStore, Result, Session, SessionPolicy};

pub(crate) async fn open(
    store: &dyn RecordStore,
    cookie: Option<&str>,
    policy: &SessionPolicy,
) -> Result<Session> {
    let Some(text) = cookie else {
        return Ok(new(policy));
    };
    let Some(id) = policy.parse_id(text) else {
        debug!("the session cookie does not hold an id; a new session begins");
        return Ok(new(policy));
    };
    let key = policy.record_key(&id);
    let Some(record) = store.load(&key).await? else {
        debug!(
            ?key,
            "no session with the cookie's id is known; a new one begins"
        );
        return Ok(new(policy));
    };
    let mut state = State::new(policy);
    state.open(id, key, record.version, record.body)?;
    match &state.origin {
        Origin::Live(_) => {}
        Origin::New => debug!("the session has expired; a new one begins"),
        Origin::Moved(old) => {
            debug!(key = ?old.key, "the session has a new id, and the cookie an old one");
        }
        Origin::Destroyed(old) => {
            debug!(key = ?old.key, "the session was destroyed; a new one begins");
        }
    }
    Ok(Session::new(state))
}

fn new(policy: &SessionPolicy) -> Session {
    Session::new(State::new(policy))
}
