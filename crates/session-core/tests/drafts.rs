//! Drafts: the changes that a storage without records has to persist.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bytes::Bytes;
use session_core::storage::{self, Action};
use session_core::{Clock, CookieChange, Lifetime, Session, SessionId, SessionPolicy};

async fn act(step: u32, session: &Session, policy: &SessionPolicy) {
    match step % 7 {
        0 => session.set("n", &step).unwrap(),
        1 => session.regenerate_id().unwrap(),
        2 => {
            session.restart().unwrap();
            session.set("restarted", &step).unwrap();
        }
        3 => policy.time().advance(Duration::from_secs(3 * 3600)),
        4 => {
            session.set("x", &step).unwrap();
            let draft = storage::draft(session).await.unwrap().unwrap();
            // A change made before the draft is settled belongs to the next draft.
            session.regenerate_id().unwrap();
            draft.settle(CookieChange::Keep);
        }
        5 => {
            let lifetime = Lifetime::For(Duration::from_secs(100_000));
            session.set_lifetime(lifetime).unwrap();
        }
        _ => session.destroy().unwrap(),
    }
}

#[tokio::test]
async fn a_draft_can_be_opened_under_its_id() {
    let policy = SessionPolicy::default().foreign_ids(true).clock(Clock::manual());
    let new = || {
        let session = storage::empty(&policy);
        session.set("n", &1).unwrap();
        session
    };
    let foreign = || {
        let body = Bytes::from_static(br#"[{"n":1},{"f":2}]"#);
        let session = storage::open(SessionId::random().unwrap(), body, &policy).unwrap();
        session.set("n", &2).unwrap();
        session
    };
    for mut session in [new(), foreign()] {
        for step in 0..70 {
            act(step, &session, &policy).await;
            let Some(draft) = storage::draft(&session).await.unwrap() else {
                continue;
            };
            let (id, body) = (draft.id.clone(), draft.body.clone());
            let destroys = draft.action == Action::Destroy;
            draft.settle(CookieChange::Keep);
            if destroys {
                session = new();
                continue;
            }
            let opened = storage::open(id.clone(), body.clone(), &policy).unwrap();
            assert!(!opened.is_new(), "step {step}");
            let span = |session: &Session| (session.created(), session.expires());
            assert_eq!(span(&session), span(&opened), "step {step}");
            if step % 2 == 0 {
                session = storage::open(id, body, &policy).unwrap();
            }
        }
    }
}

/// The browser may have got another response's cookie in the meantime, and would lose what that
/// request changed.
#[tokio::test]
async fn setting_the_same_value_again_is_not_sent() {
    let policy = SessionPolicy::default().foreign_ids(true);
    let body = Bytes::from_static(br#"[{"n":1},{}]"#);
    let session = storage::open(SessionId::random().unwrap(), body, &policy).unwrap();
    let draft = storage::draft(&session).await.unwrap().unwrap();
    assert_eq!(draft.action, Action::Touch);
    draft.settle(CookieChange::Keep);
    session.set("n", &1).unwrap();
    assert!(storage::draft(&session).await.unwrap().is_none());
    session.set("n", &2).unwrap();
    let draft = storage::draft(&session).await.unwrap().unwrap();
    assert_eq!(draft.action, Action::Write);
}

#[tokio::test]
async fn a_draft_waits_until_the_previous_one_is_settled() {
    let policy = SessionPolicy::default();
    let session = storage::empty(&policy);
    session.set("a", &1).unwrap();
    let first = storage::draft(&session).await.unwrap().unwrap();
    let mut second = tokio_test::task::spawn(storage::draft(&session));
    tokio_test::assert_pending!(second.poll());
    session.set("b", &2).unwrap();
    first.settle(CookieChange::Keep);
    let second = second.await.unwrap().unwrap();
    let body = std::str::from_utf8(&second.body).unwrap();
    assert!(body.starts_with(r#"[{"a":1,"b":2},"#), "{body}");
}

/// A save that another task of the request has started may be about to make a cookie.
#[test]
fn an_intent_that_is_not_carried_out_yet_is_pending_work() {
    let session = storage::empty(&SessionPolicy::default());
    session.restart().unwrap();
    assert_eq!(storage::close(&session), storage::PendingWork::Changes);
    let session = storage::empty(&SessionPolicy::default());
    assert_eq!(storage::close(&session), storage::PendingWork::Nothing);
}
