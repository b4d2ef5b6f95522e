//! What a storage without records is given to keep.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bytes::Bytes;
use session_core::storage::{self, Action};
use session_core::{Clock, CookieChange, Lifetime, Session, SessionId, SessionPolicy};

fn do_something(step: u32, session: &Session, policy: &SessionPolicy) {
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
            let draft = storage::draft(session, |_, _| ()).unwrap().unwrap();
            // What is asked for before the draft is settled is for the next.
            session.regenerate_id().unwrap();
            storage::settle(session, draft, CookieChange::Keep);
        }
        5 => {
            let lifetime = Lifetime::For(Duration::from_secs(100_000));
            session.set_lifetime(lifetime).unwrap();
        }
        _ => session.destroy().unwrap(),
    }
}

/// Which takes the tag in it to be that id's.
#[test]
fn every_draft_opens_under_its_own_id() {
    let policy = SessionPolicy::default().clock(Clock::manual());
    let new = || {
        let session = storage::empty(&policy);
        session.set("n", &1).unwrap();
        session
    };
    let foreign = || {
        let body = Bytes::from_static(br#"[{"n":1},{"f":2}]"#);
        let session = storage::open_sealed(SessionId::random().unwrap(), body, &policy).unwrap();
        session.set("n", &2).unwrap();
        session
    };
    for mut session in [new(), foreign()] {
        for step in 0..70 {
            do_something(step, &session, &policy);
            let Some(draft) = storage::draft(&session, |_, _| ()).unwrap() else {
                continue;
            };
            let (id, body) = (draft.id.clone(), Bytes::from(draft.body.clone()));
            let ends = draft.action == Action::Destroy;
            storage::settle(&session, draft, CookieChange::Keep);
            if ends {
                session = new();
                continue;
            }
            let opened = storage::open(id.clone(), body.clone(), &policy).unwrap();
            assert!(!opened.is_new(), "step {step}");
            let span = |session: &Session| (session.created(), session.expires());
            assert_eq!(span(&session), span(&opened), "step {step}");
            if step % 2 == 0 {
                session = storage::open_sealed(id, body, &policy).unwrap();
            }
        }
    }
}

#[test]
fn what_stands_before_the_body_is_written_by_the_id() {
    let session = storage::empty(&SessionPolicy::default());
    session.set("n", &1).unwrap();
    let head = |id: &SessionId, out: &mut Vec<u8>| out.extend_from_slice(id.as_str().as_bytes());
    let draft = storage::draft(&session, head).unwrap().unwrap();
    let body = draft.body.strip_prefix(draft.id.as_str().as_bytes());
    assert!(body.unwrap().starts_with(br#"[{"n":1},{},"#));
}

#[test]
fn a_draft_that_another_overtook_settles_nothing_of_what_came_since() {
    let policy = SessionPolicy::default();
    let session = storage::empty(&policy);
    session.set("a", &1).unwrap();
    let draft = || storage::draft(&session, |_, _| ()).unwrap();
    let (one, two) = (draft().unwrap(), draft().unwrap());
    storage::settle(&session, two, CookieChange::Keep);
    session.set("b", &2).unwrap();
    storage::settle(&session, one, CookieChange::Keep);
    let body = String::from_utf8(draft().unwrap().body).unwrap();
    assert!(body.starts_with(r#"[{"a":1,"b":2},"#), "{body}");
}
