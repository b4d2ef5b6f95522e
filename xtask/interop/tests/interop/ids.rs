//! Ids, and id changes on either side.

use serde_json::{Value, json};
use session_core::SessionId;

use crate::site::{DAY, Site, on_each_server, on_each_storage};

on_each_storage! {
    async fn remix_regenerates(site) {
        site.js(json!([["set", "user", 7]]));
        let old = site.id();
        assert_eq!(old.as_str().len(), 36, "remix uses UUIDs");
        assert_eq!(site.rust(|session| session.id()).await, old);
        site.js(json!([["regenerateId", true]]));
        assert_ne!(site.id(), old);
        let new = site.id();
        site.rust(|session| {
            assert_eq!(session.id()?, new);
            assert_eq!(session.get::<u32>("user")?, Some(7));
            Ok(())
        }).await;
    }

    async fn rust_regenerates(site) {
        site.rust(|session| session.set("user", &7)).await;
        let old = site.id();
        site.rust(|session| session.regenerate_id()).await;
        let new = site.id();
        assert_ne!(new, old);
        assert_eq!(site.js(json!([["id"], ["get", "user"]])), [json!(new.as_str()), json!(7)]);
        // remix continues with that id.
        site.js(json!([["set", "theme", "dark"]]));
        assert_eq!(site.id(), new);
        site.rust(|session| {
            assert_eq!(session.get::<String>("theme")?.as_deref(), Some("dark"));
            Ok(())
        }).await;
    }
}

on_each_server! {
    async fn an_old_id_that_remix_deleted_does_not_open(site) {
        site.js(json!([["set", "user", 7]]));
        let old = site.cookie.clone();
        site.js(json!([["regenerateId", true]]));
        site.cookie = old;
        assert!(site.rust_open().await.is_new());
        assert_eq!(site.record().await, None);
    }

    async fn an_old_id_that_remix_did_not_delete_opens_the_old_session(site) {
        site.js(json!([["set", "user", 7]]));
        let old = site.cookie.clone();
        site.js(json!([["regenerateId"]]));
        site.cookie = old;
        assert_eq!(site.rust(|session| session.get::<u32>("user")).await, Some(7));
    }

    async fn remix_opens_a_moved_session_as_an_empty_one_with_the_old_id(site) {
        site.rust(|session| session.set("user", &7)).await;
        let (old_id, old) = (site.id(), site.cookie.clone());
        site.rust(|session| session.regenerate_id()).await;
        let new = site.cookie.clone();
        site.cookie = old;
        let record = site.record().await.unwrap();
        assert_eq!(record[0], json!({}));
        assert_eq!(record[2]["t"]["kind"], "moved");
        assert_eq!(site.js(json!([["data"], ["id"]])), [json!([{}, {}]), json!(old_id.as_str())]);

        // If remix writes to it, it is a session again, without the old values. An attacker who
        // planted the old id can use that session.
        site.js(json!([["set", "cart", 1]]));
        site.rust(|session| {
            assert_eq!(session.get::<u32>("cart")?, Some(1));
            assert!(!session.has("user") && !session.is_new());
            Ok(())
        }).await;
        site.cookie = new;
        assert_eq!(site.js(json!([["data"]])), [json!([{"user": 7}, {}])]);
    }

    /// remix ignores the time until which the old values can be read.
    async fn remix_opens_old_values_that_stay_readable_as_a_session(site) {
        site.rust(|session| session.set("user", &7)).await;
        let old = site.cookie.clone();
        site.rust(|session| session.regenerate_id_keeping_old_for(DAY)).await;
        site.cookie = old;
        site.advance(2 * DAY);
        assert!(site.rust_open().await.is_new());
        assert_eq!(site.js(json!([["get", "user"], ["set", "cart", 1]]))[0], json!(7));
        assert_eq!(site.rust(|session| session.get::<u32>("user")).await, Some(7));
    }
}

/// With cookie storage, there is nothing on the server to destroy.
#[tokio::test]
async fn with_cookie_storage_the_old_cookie_stays_valid_on_both_sides() {
    let mut site = Site::cookie().await;
    site.js(json!([["set", "user", 7]]));
    let old = site.cookie.clone();
    site.rust(|session| session.regenerate_id()).await;
    site.cookie = old.clone();
    assert_eq!(site.js(json!([["get", "user"]])), [json!(7)]);
    site.cookie = old;
    assert_eq!(site.rust(|session| session.get::<u32>("user")).await, Some(7));
}

#[tokio::test]
async fn an_id_of_any_printable_form_opens_where_a_record_exists() {
    let mut site = Site::on_redis(json!({"useUnknownIds": true})).await;
    for id in ["order:42!~", "x", "a/b?c=d&e", &"n".repeat(128)] {
        let unique = format!("{}{id}", std::process::id());
        let id = &unique[unique.len() - id.len().min(unique.len())..];
        let line = site.remix.serialize(id);
        site.receive(&line);
        // Rust never adopts unknown ids, even if remix is configured to.
        let adopted = site.rust_open().await;
        assert!(adopted.is_new());
        assert_ne!(adopted.id().unwrap().as_str(), id);
        site.js(json!([["set", "n", 1]]));
        site.rust(|session| {
            assert_eq!(session.id()?.as_str(), id);
            session.set("n", &2)
        })
        .await;
        assert_eq!(site.js(json!([["id"], ["get", "n"]])), [json!(id), json!(2)]);
        site.rust(|session| session.destroy()).await;
    }
    // remix accepts these too. Rust does not.
    for id in ["with space", "naïve", &"n".repeat(129)] {
        assert_eq!(SessionId::parse_foreign(id), None);
        let line = site.remix.serialize(id);
        site.receive(&line);
        site.js(json!([["set", "n", 1]]));
        assert!(site.rust_open().await.is_new());
        assert_eq!(site.js(json!([["destroy"]])), [Value::Null]);
    }
}
