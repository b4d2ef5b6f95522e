//! Which of several cookies of the name counts.

use session_core::storage::{self, Found};
use session_core::{CookieContent, ErrorKind, Result, Session, SessionPolicy, SessionStorage};
use tracing::debug;

/// The session of the first value that is alive; if none is, of one that has moved, or else of one
/// that has expired. A logout ends the sessions of the other values too.
///
/// A browser may send cookies of earlier releases, of other paths, and such as a sibling domain has
/// planted. If the first one counted, dead or alive, it would log the user out for good.
pub(crate) async fn first_alive(
    storage: &dyn SessionStorage,
    values: &[&str],
    policy: &SessionPolicy,
) -> Result<Session> {
    if values.len() > 1 {
        debug!(
            valid = values.len(),
            "the request carries several session cookies; if an earlier release has set some of them, \
             name those with SessionCookie::former"
        );
    }
    let (mut best, mut damaged) = (None, None);
    for value in values {
        let session = match storage.read(Some(value), policy).await {
            Ok(session) => session,
            // A record that opens for nobody must not hide a live session either.
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                debug!(%error, "a session cookie names a damaged record");
                damaged = damaged.or(Some(error));
                continue;
            }
            Err(error) => return Err(error),
        };
        let found = storage::found(&session);
        if best.as_ref().is_none_or(|(best, _)| found < storage::found(best)) {
            best = Some((session, *value));
        }
        if found == Found::Live {
            damaged = None;
            break;
        }
    }
    if let Some(error) = damaged {
        return Err(error);
    }
    let Some((session, own)) = best else {
        return storage.read(None, policy).await;
    };
    if storage.content() == CookieContent::Id {
        let others = values.iter().filter(|value| **value != own);
        storage::also_end(&session, others.filter_map(|value| policy.parse_id(value)));
    }
    Ok(session)
}
