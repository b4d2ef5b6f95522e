//! From a cookie to a session.

use tracing::debug;

use crate::storage::Answer;
use crate::{Record, RecordKey, RecordStore, Result, Session, SessionId, SessionPolicy};

pub(crate) fn open<'a>(
    store: &'a dyn RecordStore,
    cookie: Option<&str>,
    policy: &'a SessionPolicy,
) -> Answer<'a, Session> {
    let Some(text) = cookie else {
        return Answer::Now(Ok(Session::new(policy)));
    };
    let Some(id) = policy.parse_id(text) else {
        debug!("the session cookie does not hold an id; a new session begins");
        return Answer::Now(Ok(Session::new(policy)));
    };
    let key = policy.record_key(&id);
    if let Some(loaded) = store.load_now(&key) {
        return Answer::Now(match loaded {
            Ok(found) => take_up(found, id, key, policy),
            Err(error) => Err(error.into()),
        });
    }
    Answer::Later(Box::pin(async move {
        let found = store.load(&key).await?;
        take_up(found, id, key, policy)
    }))
}

#[inline]
fn take_up(
    found: Option<Record>,
    id: SessionId,
    key: RecordKey,
    policy: &SessionPolicy,
) -> Result<Session> {
    let Some(record) = found else {
        debug!(
            ?key,
            "no session with the cookie's id is known; a new one begins"
        );
        return Ok(Session::new(policy));
    };
    Session::open(id, key, record, policy)
}
