//! Arbitrary cookies, record bodies and values.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;
use session_core::{Error, FlashPolicy, SessionPolicy, SessionStorage};
use support::Server;

/// Any JSON value, nested up to five levels.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_cookie_opens_a_new_empty_session(cookie in any::<String>(), foreign in any::<bool>()) {
        tokio_test::block_on(async {
            let policy = SessionPolicy::default().foreign_ids(foreign);
            let server = Server::with(policy);
            let session = server.open(cookie.as_str()).await;
            assert!(session.is_new() && session.is_empty());
        });
    }

    #[test]
    fn any_record_is_a_session_or_an_error(body in vec(any::<u8>(), 0..200)) {
        tokio_test::block_on(async {
            let server = Server::new();
            let id = server.stored_session().await;
            server.store.insert(server.key(&id), body);
            let opened = server.store.read(Some(id.as_str()), &server.policy).await;
            assert!(matches!(opened, Err(Error::Store(_))));
        });
    }

    #[test]
    fn values_and_flash_are_read_back(
        values in btree_map(any::<String>(), json(), 0..6),
        flash in btree_map(any::<String>(), json(), 0..6),
    ) {
        tokio_test::block_on(async {
            let server = Server::with(SessionPolicy::default().flash(FlashPolicy::NextRequest));
            let session = server.open(None).await;
            for (key, value) in &values {
                session.set(key, value).unwrap();
            }
            for (key, value) in &flash {
                session.flash(key, value).unwrap();
            }
            session.set("last", &1).unwrap();
            let id = server.saved_id(&session).await;
            let found = server.open(id.as_str()).await;
            for (key, value) in &flash {
                if values.get(key).is_none_or(Value::is_null) && key != "last" {
                    let expected = Some(value.clone()).filter(|value| !value.is_null());
                    assert_eq!(found.get::<Value>(key).unwrap(), expected);
                }
            }
            for (key, value) in values.iter().filter(|(key, _)| *key != "last") {
                if !value.is_null() {
                    assert_eq!(found.get::<Value>(key).unwrap().as_ref(), Some(value));
                }
            }
            let non_null = values.iter().filter(|(key, value)| !value.is_null() && *key != "last");
            assert_eq!(found.data().values.len(), 1 + non_null.count());
        });
    }
}
