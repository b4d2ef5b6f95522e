//! Sessions that are stored in their cookie.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use session_cookie::{CookieStorage, CookieValue, SessionCookie};
use session_core::{
    Clock, CookieChange, CookieContent, Error, FlashPolicy, Lifetime, Outcome, Session,
    SessionPolicy, SessionStorage,
};

const DAY: Duration = Duration::from_secs(86_400);

fn policy() -> SessionPolicy {
    SessionPolicy::default().clock(Clock::manual())
}

async fn open(cookie: Option<&str>, policy: &SessionPolicy) -> Session {
    CookieStorage::new().read(cookie, policy).await.unwrap()
}

async fn save(session: &Session, policy: &SessionPolicy) -> (CookieChange, Outcome) {
    let saved = CookieStorage::new().save(session, policy).await.unwrap();
    (saved.cookie, saved.outcome)
}

/// Saves, and returns the new cookie value.
async fn saved_value(session: &Session, policy: &SessionPolicy) -> String {
    match save(session, policy).await {
        (CookieChange::Set { value, .. }, _) => value,
        (other, _) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_is_read_back_completely() {
    let policy = policy();
    let session = open(None, &policy).await;
    session.set("n", &1.5).unwrap();
    session.flash("notice", "héllo \"☃\"").unwrap();
    let value = saved_value(&session, &policy).await;

    let next = open(Some(&value), &policy).await;
    assert_eq!(next.id().unwrap(), session.id().unwrap());
    assert_eq!(next.get::<f64>("n").unwrap(), Some(1.5));
    let notice = next.get::<String>("notice").unwrap();
    assert_eq!(notice.as_deref(), Some("héllo \"☃\""));
    let value = saved_value(&next, &policy).await;
    assert!(!open(Some(&value), &policy).await.has("notice"));
}

#[tokio::test]
async fn an_empty_new_session_sets_no_cookie() {
    let policy = policy();
    for cookie in [None, Some(""), Some("garbage"), Some("{\"i\":\"x\"}"), Some("[]")] {
        let session = open(cookie, &policy).await;
        assert!(session.is_new() && session.is_empty());
        let unchanged = (CookieChange::Keep, Outcome::Unchanged);
        assert_eq!(save(&session, &policy).await, unchanged);
    }
}

#[tokio::test]
async fn an_unchanged_session_is_sent_again_only_to_move_its_deadline() {
    let policy = policy().idle(DAY);
    let session = open(None, &policy).await;
    session.set("a", &1).unwrap();
    let value = saved_value(&session, &policy).await;

    let session = open(Some(&value), &policy).await;
    assert_eq!(save(&session, &policy).await.0, CookieChange::Keep);

    policy.time().advance(DAY / 2);
    let session = open(Some(&value), &policy).await;
    let (cookie, outcome) = save(&session, &policy).await;
    assert!(matches!(cookie, CookieChange::Set { .. }));
    assert_eq!(outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn a_session_expires_at_its_deadlines() {
    let policy = policy().idle(DAY).absolute(2 * DAY);
    let session = open(None, &policy).await;
    session.set("a", &1).unwrap();
    let mut value = saved_value(&session, &policy).await;
    policy.time().advance(DAY - Duration::from_millis(1));
    value = saved_value(&open(Some(&value), &policy).await, &policy).await;
    policy.time().advance(DAY - Duration::from_millis(1));
    assert!(open(Some(&value), &policy).await.has("a"));
    policy.time().advance(Duration::from_millis(1));
    assert!(open(Some(&value), &policy).await.is_new());
}

#[tokio::test]
async fn max_age_follows_the_lifetime() {
    let policy = policy().absolute(2 * DAY);
    let lifetimes = [
        (Lifetime::Policy, Some(2 * DAY)),
        (Lifetime::BrowserSession, None),
        (Lifetime::For(30 * DAY), Some(30 * DAY)),
    ];
    for (lifetime, expected) in lifetimes {
        let session = open(None, &policy).await;
        session.set("a", &1).unwrap();
        session.set_lifetime(lifetime).unwrap();
        let (cookie, _) = save(&session, &policy).await;
        assert!(matches!(cookie, CookieChange::Set { max_age, .. } if max_age == expected));
    }
}

#[tokio::test]
async fn destroying_removes_the_cookie() {
    let policy = policy();
    let session = open(None, &policy).await;
    session.set("a", &1).unwrap();
    let value = saved_value(&session, &policy).await;
    let session = open(Some(&value), &policy).await;
    session.destroy().unwrap();
    let destroyed = (CookieChange::Remove, Outcome::Destroyed);
    assert_eq!(save(&session, &policy).await, destroyed);
    assert!(matches!(session.set("a", &2), Err(Error::Destroyed)));
}

#[tokio::test]
async fn the_data_stays_under_a_new_id_but_not_after_a_restart() {
    let policy = policy();
    let session = open(None, &policy).await;
    session.set("a", &1).unwrap();
    let first = saved_value(&session, &policy).await;

    let session = open(Some(&first), &policy).await;
    let id = session.id().unwrap();
    session.regenerate_id().unwrap();
    let moved = open(Some(&saved_value(&session, &policy).await), &policy).await;
    assert!(moved.has("a"));
    assert_ne!(moved.id().unwrap(), id);

    let session = open(Some(&first), &policy).await;
    session.restart().unwrap();
    session.flash("notice", "Goodbye").unwrap();
    let restarted = open(Some(&saved_value(&session, &policy).await), &policy).await;
    assert!(!restarted.has("a") && restarted.has("notice"));
    assert_ne!(restarted.id().unwrap(), id);
}

#[tokio::test]
async fn a_second_save_sends_later_changes() {
    let policy = policy();
    let session = open(None, &policy).await;
    session.set("a", &1).unwrap();
    saved_value(&session, &policy).await;
    assert_eq!(save(&session, &policy).await.0, CookieChange::Keep);
    session.set("b", &2).unwrap();
    let last = open(Some(&saved_value(&session, &policy).await), &policy).await;
    assert!(last.has("a") && last.has("b"));
    assert_eq!(last.id().unwrap(), session.id().unwrap());
}

/// The trade-off of this storage: the last response replaces the whole session.
#[tokio::test]
async fn overlapping_responses_lose_updates() {
    let policy = policy();
    let session = open(None, &policy).await;
    session.set("x", &0).unwrap();
    let value = saved_value(&session, &policy).await;
    let (a, b) = (open(Some(&value), &policy).await, open(Some(&value), &policy).await);
    a.set("a", &1).unwrap();
    b.set("b", &1).unwrap();
    saved_value(&a, &policy).await;
    let last = open(Some(&saved_value(&b, &policy).await), &policy).await;
    assert!(last.has("b") && !last.has("a"));
}

#[tokio::test]
async fn sessions_can_be_exchanged_with_remix() {
    let policy = policy().foreign_ids(true).flash(FlashPolicy::NextRequest);
    let theirs =
        r#"{"i":"b8e4a8a2-6e57-4c61-9a6c-1f1a8a0b6d55","d":[{"userId":42},{"notice":"Saved!"}]}"#;
    let session = open(Some(theirs), &policy).await;
    assert_eq!(session.get::<u32>("userId").unwrap(), Some(42));
    assert!(session.has("notice"));
    let ours = saved_value(&session, &policy).await;
    let json: serde_json::Value = serde_json::from_str(&ours).unwrap();
    assert_eq!(json["i"], "b8e4a8a2-6e57-4c61-9a6c-1f1a8a0b6d55");
    assert_eq!(json["d"][0], serde_json::json!({"userId": 42}));
    assert_eq!(json["d"][1], serde_json::json!({}));
}

#[tokio::test]
async fn the_session_is_sealed_until_it_expires() {
    let policy = policy();
    let session = open(None, &policy).await;
    session.set("secret", "of the session").unwrap();
    let value = saved_value(&session, &policy).await;
    let cookie = SessionCookie::new("a secret of thirty-two bytes, ok").unwrap();
    let text = cookie.encode(&value, CookieStorage::new().content(), session.expires()).unwrap();
    assert!(text.starts_with("e1."));
    let now = policy.time().now();
    let opened = cookie.decode(text.as_bytes(), CookieContent::Data, now);
    assert_eq!(opened.value(), Some(value.as_str()));
    let expired = cookie.decode(text.as_bytes(), CookieContent::Data, session.expires());
    assert_eq!(expired, CookieValue::Expired);
}

#[tokio::test]
async fn an_unreadable_body_opens_a_new_session() {
    let policy = policy();
    let session = open(None, &policy).await;
    session.set("a", &1).unwrap();
    let value = saved_value(&session, &policy).await;
    for other in [value.replace("\"v\":1", "\"v\":9"), value.replace("[{\"a\":1}", "[1")] {
        assert_ne!(other, value);
        let session = open(Some(&other), &policy).await;
        assert!(session.is_new() && session.is_empty());
    }
}
