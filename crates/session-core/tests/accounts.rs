//! Accounts: signing in, listing sessions, and ending them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use session_core::{
    Account, AccountCheck, AccountSession, CookieChange, Error, ErrorKind, Lifetime, Outcome,
    RecordStore, Session, SessionPolicy, SessionStorage, WhenFull, storage,
};
use support::{Fault, Server};

async fn account(server: &Server, name: &str) -> Account {
    let storage: Arc<dyn SessionStorage> = Arc::new(Arc::clone(&server.store));
    Account::load(storage, &server.policy, name).await.unwrap()
}

/// Signs `session` in, and returns its new id.
async fn sign_in(server: &Server, session: &Session, account: &Account) -> String {
    session.sign_in(account).unwrap();
    server.saved_id(session).await
}

/// A new session that is signed in to `name`.
async fn signed_in(server: &Server, name: &str) -> String {
    let session = server.open(None).await;
    sign_in(server, &session, &account(server, name).await).await
}

/// Whose session `id` opens.
async fn whose(server: &Server, id: &str) -> Option<String> {
    server.open(id).await.account()
}

async fn sessions(server: &Server, name: &str) -> Vec<AccountSession> {
    account(server, name).await.sessions().await.unwrap()
}

#[tokio::test]
async fn a_login_gives_a_session_an_account_and_a_new_id() {
    let server = Server::new();
    let old = server.stored_session().await;
    server.advance(100);
    let session = server.open(old.as_str()).await;
    assert_eq!((session.account(), session.authenticated_at()), (None, None));
    let ada = account(&server, "ada").await.label("Firefox on Linux");
    session.sign_in(&ada).unwrap();
    assert_eq!(session.account().as_deref(), Some("ada"));
    let now = Some(server.policy.time().now());
    assert_eq!(session.authenticated_at(), now);
    let new = server.saved_id(&session).await;
    assert!(server.open(old.as_str()).await.is_new());

    server.advance(1);
    let session = server.open(new.as_str()).await;
    assert_eq!(session.account().as_deref(), Some("ada"));
    assert_eq!((session.authenticated_at(), Some(session.created())), (now, now));
    assert_eq!(server.n(&new).await, Some(1));
    let listed = ada.sessions().await.unwrap();
    let [device] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!(device.label.as_deref(), Some("Firefox on Linux"));
    assert_eq!((Some(device.signed_in), Some(device.last_seen)), (now, now));
    assert!(device.is(&session) && device.expires == session.expires());
}

#[tokio::test]
async fn a_login_starts_a_lifetime() {
    let day = Duration::from_secs(24 * 3600);
    let policy = SessionPolicy::default().absolute(2 * day).idle(2 * day);
    let server = Server::with(policy);
    let guest = server.stored_session().await;
    server.advance(day.as_secs());
    let session = server.open(guest.as_str()).await;
    let ada = account(&server, "ada").await;
    sign_in(&server, &session, &ada).await;
    assert_eq!(session.expires(), server.policy.time().now() + 2 * day);
    session.sign_in(&ada).unwrap();
    session.set_lifetime(Lifetime::For(30 * day)).unwrap();
    let id = server.saved_id(&session).await;
    server.advance(29 * day.as_secs());
    assert_eq!(whose(&server, &id).await.as_deref(), Some("ada"));
    assert_eq!(sessions(&server, "ada").await.len(), 1);
}

#[tokio::test]
async fn a_login_without_values_is_a_session() {
    for start in [None, Some("expired"), Some("restarted"), Some("destroyed")] {
        let server = Server::with(SessionPolicy::default().idle(Duration::from_secs(100)));
        let id = server.stored_session().await;
        let session = match start {
            None => server.open(None).await,
            Some("expired") => {
                server.advance(110);
                server.open(id.as_str()).await
            }
            Some("destroyed") => {
                server.destroy_in_another_request(&id).await;
                server.open(id.as_str()).await
            }
            _ => {
                let session = server.open(id.as_str()).await;
                session.restart().unwrap();
                session
            }
        };
        let new = sign_in(&server, &session, &account(&server, "ada").await).await;
        assert_eq!(whose(&server, &new).await.as_deref(), Some("ada"), "{start:?}");
        assert_eq!(sessions(&server, "ada").await.len(), 1, "{start:?}");
    }
}

#[tokio::test]
async fn a_new_id_and_a_write_keep_the_account() {
    let server = Server::new();
    let first = signed_in(&server, "ada").await;
    let signed_in_at = server.policy.time().now();
    let mut id = first;
    for step in 0..3 {
        server.advance(3600);
        let session = server.open(id.as_str()).await;
        session.set("step", &step).unwrap();
        let _ = server.save(&session).await.unwrap();
        session.regenerate_id().unwrap();
        id = server.saved_id(&session).await;
        assert_eq!(session.account().as_deref(), Some("ada"));
        assert_eq!(session.authenticated_at(), Some(signed_in_at));
        let listed = sessions(&server, "ada").await;
        assert_eq!((listed.len(), listed[0].signed_in), (1, signed_in_at));
        assert_eq!(listed[0].last_seen, server.policy.time().now());
        assert!(listed[0].is(&server.open(id.as_str()).await));
    }
}

#[tokio::test]
async fn a_logout_ends_the_login_and_restart_too() {
    let ends: [fn(&Session); 2] = [|s| s.destroy().unwrap(), |s| s.restart().unwrap()];
    for end in ends {
        let server = Server::new();
        let id = signed_in(&server, "ada").await;
        let session = server.open(id.as_str()).await;
        session.set("n", &1).unwrap();
        end(&session);
        assert_eq!((session.account(), session.authenticated_at()), (None, None));
        let _ = server.save(&session).await.unwrap();
        assert_eq!(session.account(), None);
        assert!(sessions(&server, "ada").await.is_empty());
    }
}

/// Neither the name nor anything to open the session with is readable in the store.
#[tokio::test]
async fn the_store_sees_hashes_only() {
    let server = Server::new();
    let id = signed_in(&server, "ada@shop.example").await;
    let _ = server.save(&server.open(id.as_str()).await).await.unwrap();
    for body in server.store.bodies() {
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(!text.contains("ada") && !text.contains(&id), "{text}");
    }
    let listed = &sessions(&server, "ada@shop.example").await[0];
    assert!(server.open(listed.id.as_str()).await.is_new());
    assert!(!format!("{:?}", account(&server, "ada").await).contains("ada"));
}

#[tokio::test]
async fn names_and_labels_have_limits() {
    let server = Server::new();
    let storage: Arc<dyn SessionStorage> = Arc::new(Arc::clone(&server.store));
    let name = "n".repeat(Account::MAX_NAME);
    for name in [name.as_str(), "", "a\0b", "ünï \"cöde\"\n"] {
        let id = signed_in(&server, name).await;
        assert_eq!(whose(&server, &id).await.as_deref(), Some(name));
        assert_eq!(sessions(&server, name).await.len(), 1);
    }
    let too_long = format!("{name}n");
    let load = Account::load(Arc::clone(&storage), &server.policy, &too_long);
    assert_eq!(load.await.unwrap_err().kind(), ErrorKind::TooLarge);

    let ada = account(&server, "ada").await.label(&"ü".repeat(Account::MAX_LABEL));
    sign_in(&server, &server.open(None).await, &ada).await;
    let label = ada.sessions().await.unwrap()[0].label.clone().unwrap();
    assert_eq!(label, "ü".repeat(Account::MAX_LABEL / 2));
}

#[tokio::test]
async fn end_all_ends_what_is_signed_in_and_refuses_logins_under_way() {
    let server = Server::new();
    let ids = [signed_in(&server, "ada").await, signed_in(&server, "ada").await];
    let bob = signed_in(&server, "bob").await;
    let moving = server.open(ids[0].as_str()).await;
    moving.regenerate_id().unwrap();
    let moved = server.saved_id(&moving).await;

    let guest = server.stored_session().await;
    let under_way = account(&server, "ada").await;
    let admin = account(&server, "ada").await;
    admin.end_all().await.unwrap();
    for id in ids.iter().chain([&moved]) {
        assert_eq!(whose(&server, id).await, None);
    }
    assert_eq!(whose(&server, &bob).await.as_deref(), Some("bob"));
    assert!(sessions(&server, "ada").await.is_empty());

    let session = server.open(guest.as_str()).await;
    session.sign_in(&under_way).unwrap();
    let error = server.save(&session).await.unwrap_err();
    assert!(matches!(error, Error::SignedOut) && error.kind() == ErrorKind::SignedOut);
    assert_eq!(server.n(&guest).await, Some(1), "the guest's session goes on");
    assert!(sessions(&server, "ada").await.is_empty());
    // A new attempt takes the account again. The one that ended them all may also go on.
    sign_in(&server, &session, &account(&server, "ada").await).await;
    sign_in(&server, &server.open(None).await, &admin).await;
    assert_eq!(sessions(&server, "ada").await.len(), 2);
    // But not if another has ended them all in between.
    account(&server, "ada").await.end_all().await.unwrap();
    admin.end_all().await.unwrap();
    let session = server.open(None).await;
    session.sign_in(&admin).unwrap();
    assert!(matches!(server.save(&session).await, Err(Error::SignedOut)));
}

/// The list is kept for as long as a session may live. An older `Account` may have missed an end.
#[tokio::test]
async fn an_account_that_was_taken_long_ago_signs_nobody_in() {
    let hour = Duration::from_secs(3600);
    let server = Server::with(SessionPolicy::default().idle(hour).absolute(hour));
    let ada = account(&server, "ada").await;
    server.advance(3600);
    let session = server.open(None).await;
    session.sign_in(&ada).unwrap();
    assert!(matches!(server.save(&session).await, Err(Error::SignedOut)));
}

#[tokio::test]
async fn end_others_keeps_the_session_of_who_asks() {
    let server = Server::new();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(signed_in(&server, "ada").await);
    }
    let session = server.open(ids[1].as_str()).await;
    session.regenerate_id().unwrap();
    let ada = account(&server, "ada").await;
    ada.end_others(&session).await.unwrap();
    let new = server.saved_id(&session).await;
    assert_eq!(whose(&server, &new).await.as_deref(), Some("ada"));
    let listed = ada.sessions().await.unwrap();
    assert!(listed.len() == 1 && listed[0].is(&session));
    // A changed password is a new login, by the same request.
    session.sign_in(&ada).unwrap();
    ada.end_others(&session).await.unwrap();
    let newest = server.saved_id(&session).await;
    assert_eq!(whose(&server, &newest).await.as_deref(), Some("ada"));
    assert_eq!(ada.sessions().await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_session_can_be_ended_by_its_account_only() {
    let server = Server::new();
    let id = signed_in(&server, "ada").await;
    let other = signed_in(&server, "ada").await;
    let listed = sessions(&server, "ada").await;
    let session = server.open(id.as_str()).await;
    let device = listed.iter().find(|device| device.is(&session)).unwrap();
    let [ada, bob] = [account(&server, "ada").await, account(&server, "bob").await];
    for wrong in ["", "a", &id, &device.id[1..], &"0".repeat(64), &"ü".repeat(32)] {
        assert!(!ada.end(wrong).await.unwrap());
    }
    assert!(!bob.end(&device.id).await.unwrap());
    // It has moved since the page was made.
    session.regenerate_id().unwrap();
    let moved = server.saved_id(&session).await;
    assert!(ada.end(&device.id).await.unwrap());
    assert!(!ada.end(&device.id).await.unwrap());
    assert_eq!(whose(&server, &moved).await, None);
    assert_eq!(whose(&server, &other).await.as_deref(), Some("ada"));
    assert_eq!(ada.sessions().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_limit_evicts_the_oldest_or_refuses_the_newest() {
    for when_full in [WhenFull::EvictOldest, WhenFull::Refuse] {
        let server = Server::with(SessionPolicy::default().max_sessions(2, when_full));
        let mut ids = Vec::new();
        for _ in 0..2 {
            ids.push(signed_in(&server, "ada").await);
            server.advance(1);
        }
        // The session that signs in again does not count, and neither does one that has ended.
        let session = server.open(ids[1].as_str()).await;
        ids[1] = sign_in(&server, &session, &account(&server, "ada").await).await;
        assert!(whose(&server, &ids[0]).await.is_some());
        server.destroy_in_another_request(&ids[1]).await;
        ids[1] = signed_in(&server, "ada").await;
        assert!(whose(&server, &ids[0]).await.is_some());

        let session = server.open(None).await;
        session.sign_in(&account(&server, "ada").await).unwrap();
        match when_full {
            WhenFull::EvictOldest => {
                server.saved_id(&session).await;
                assert_eq!(whose(&server, &ids[0]).await, None);
            }
            WhenFull::Refuse => {
                let error = server.save(&session).await.unwrap_err();
                assert!(matches!(error, Error::TooManySessions { limit: 2 }), "{error}");
                assert!(whose(&server, &ids[0]).await.is_some());
            }
        }
        assert!(whose(&server, &ids[1]).await.is_some());
        assert_eq!(sessions(&server, "ada").await.len(), 2);
        // A new id is no login.
        let session = server.open(ids[1].as_str()).await;
        session.regenerate_id().unwrap();
        let moved = server.saved_id(&session).await;
        assert!(whose(&server, &moved).await.is_some());
        assert_eq!(sessions(&server, "ada").await.len(), 2);
    }
}

/// Entries of sessions that are over leave the list, without a word from their logouts.
#[tokio::test]
async fn the_list_does_not_grow_with_sessions_that_are_over() {
    let server = Server::with(SessionPolicy::default().idle(Duration::from_secs(600)));
    for _ in 0..200 {
        let id = signed_in(&server, "ada").await;
        server.advance(30);
        server.destroy_in_another_request(&id).await;
        let left_alone = signed_in(&server, "ada").await;
        server.store.remove_now(&server.key(&left_alone));
    }
    let size = server.store.body(&server.store.account_key("ada")).len();
    assert!(size < 20_000, "{size}");
    assert!(sessions(&server, "ada").await.is_empty());
}

#[tokio::test]
async fn an_account_has_a_largest_number_of_sessions() {
    let server = Server::new();
    let ada = account(&server, "ada").await;
    let mut ids = Vec::new();
    let error = loop {
        let session = server.open(None).await;
        session.sign_in(&ada).unwrap();
        match server.save(&session).await {
            Ok(saved) => ids.push(saved),
            Err(error) => break error,
        }
        assert!(ids.len() < 1001);
    };
    assert!(ids.len() > 600, "{}", ids.len());
    let limit = ids.len();
    assert!(matches!(error, Error::TooManySessions { limit: of } if of == limit), "{error}");
    ada.end_all().await.unwrap();
    assert!(ada.sessions().await.unwrap().is_empty());
    signed_in(&server, "ada").await;
}

#[tokio::test]
async fn a_check_on_each_request_fails_closed() {
    let policy = SessionPolicy::default().account_check(AccountCheck::EachRequest);
    let server = Server::with(policy);
    let guest = server.stored_session().await;
    let id = signed_in(&server, "ada").await;
    let moving = server.open(id.as_str()).await;
    assert_eq!(moving.account().as_deref(), Some("ada"));
    moving.set("n", &7).unwrap();
    moving.regenerate_id().unwrap();
    let id = server.saved_id(&moving).await;
    assert_eq!(server.n(&id).await, Some(7));
    // The store evicts the list.
    server.store.remove_now(&server.store.account_key("ada"));
    let session = server.open(id.as_str()).await;
    assert!(session.is_new() && session.is_empty() && session.account().is_none());
    assert_eq!(server.n(&guest).await, Some(1));
    // What it still can do is log out.
    session.destroy().unwrap();
    let saved = server.save(&session).await.unwrap();
    assert_eq!((saved.outcome, saved.cookie), (Outcome::Destroyed, CookieChange::Remove));
    moving.set("n", &8).unwrap();
    assert_eq!(server.save(&moving).await.unwrap().outcome, Outcome::Destroyed);
}

/// Each write of each step fails, or its reply is lost. What a client was told of is listed, and
/// can be ended.
#[tokio::test]
async fn a_failed_write_loses_no_session_from_the_list() {
    for fault in [Fault::LostReply, Fault::Fails, Fault::Unconfirmed] {
        for failing in 0..6 {
            let server = Server::new();
            let guest = server.stored_session().await;
            let session = server.open(guest.as_str()).await;
            let ada = account(&server, "ada").await;
            let mut told = Vec::new();
            let mut save = async |faults: Vec<Fault>| {
                server.fail_writes(faults);
                let saved = server.save(&session).await;
                server.store.faults.lock().unwrap().clear();
                if let Ok(saved) = saved
                    && let CookieChange::Set { value, .. } = saved.cookie
                {
                    told.push(value);
                }
            };
            let faults: Vec<_> = (0..failing).map(|_| Fault::Succeeds).chain([fault]).collect();
            session.sign_in(&ada).unwrap();
            save(faults.clone()).await;
            save(Vec::new()).await;
            session.regenerate_id().unwrap();
            save(faults).await;
            save(Vec::new()).await;
            let newest = told.last().unwrap();
            assert_eq!(whose(&server, newest).await.as_deref(), Some("ada"));
            let current = server.open(newest.as_str()).await;
            let listed = ada.sessions().await.unwrap();
            assert!(listed.iter().any(|device| device.is(&current)), "{fault:?} {failing}");
            account(&server, "ada").await.end_all().await.unwrap();
            for id in told {
                assert_eq!(whose(&server, &id).await, None, "{fault:?} {failing}");
            }
        }
    }
}

/// A damaged session neither hides nor saves the others.
#[tokio::test]
async fn one_damaged_record_does_not_keep_the_others_alive() {
    let server = Server::new();
    let ids = [
        signed_in(&server, "ada").await,
        signed_in(&server, "ada").await,
        signed_in(&server, "ada").await,
    ];
    server.store.insert(server.key(&ids[1]), "damaged");
    let error = account(&server, "ada").await.end_all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    for id in [&ids[0], &ids[2]] {
        assert_eq!(whose(&server, id).await, None);
    }
    let replacing = Server {
        store: Arc::clone(&server.store),
        policy: server.policy.clone().replace_damaged(true),
    };
    account(&replacing, "ada").await.end_all().await.unwrap();
    assert!(server.store.load(&server.key(&ids[1])).await.unwrap().is_none());
}

#[tokio::test]
async fn a_storage_without_records_signs_nobody_in() {
    let server = Server::new();
    let session = storage::empty(&server.policy);
    session.sign_in(&account(&server, "ada").await).unwrap();
    let error = storage::draft(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
