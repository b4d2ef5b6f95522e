//! Logouts on one side: their effect on the other side, and when the other side can undo them.

use serde_json::{Value, json};
use session_core::{Error, Outcome};

use crate::site::{Site, on_each_server, on_each_storage};

on_each_storage! {
    async fn remix_logs_out(site) {
        site.rust(|session| session.set("user", &7)).await;
        site.js(json!([["destroy"]]));
        // remix sets an empty cookie, which is treated as missing.
        assert_eq!(site.cookie.as_deref(), Some("__session="));
        site.rust(|session| {
            assert!(session.is_new() && session.is_empty());
            session.set("user", &8)
        }).await;
        assert_eq!(site.js(json!([["get", "user"]])), [json!(8)]);
    }

    async fn rust_logs_out(site) {
        site.js(json!([["set", "user", 7]]));
        site.rust(|session| session.destroy()).await;
        assert_eq!(site.cookie, None);
        assert_eq!(site.js(json!([["data"]])), [json!([{}, {}])]);
    }

    async fn rust_logs_out_and_remix_shows_the_flash_value(site) {
        site.js(json!([["set", "user", 7]]));
        site.rust(|session| {
            session.restart()?;
            session.flash("notice", "Goodbye")
        }).await;
        assert_eq!(site.js(json!([["get", "notice"], ["has", "user"]])), [json!("Goodbye"), json!(false)]);
    }
}

on_each_server! {
    async fn a_session_destroyed_by_remix_does_not_open_in_rust(site) {
        site.js(json!([["set", "user", 7]]));
        let cookie = site.cookie.clone();
        site.js(json!([["destroy"]]));
        site.cookie = cookie;
        assert_eq!(site.record().await, None);
        assert!(site.rust_open().await.is_new());
    }

    async fn remix_opens_a_destroyed_session_as_an_empty_one_with_the_same_id(site) {
        site.js(json!([["set", "user", 7]]));
        let (id, cookie) = (site.id(), site.cookie.clone());
        site.rust(|session| session.destroy()).await;
        site.cookie = cookie;
        let record = site.record().await.unwrap();
        assert_eq!(record[2]["t"], json!({"kind": "destroyed"}));
        assert_eq!(site.js(json!([["data"], ["id"]])), [json!([{}, {}]), json!(id.as_str())]);
        // Reading wrote nothing.
        assert_eq!(site.record().await, Some(record));

        // If remix writes to it, it is a session again, without the old values.
        site.js(json!([["set", "cart", 1]]));
        let session = site.rust_open().await;
        assert!(!session.is_new() && !session.has("user"));
        assert_eq!(session.get::<u32>("cart").unwrap(), Some(1));
    }

    /// remix writes without a condition. This library cannot prevent that.
    async fn a_slow_request_to_remix_undoes_a_logout_in_rust(site) {
        site.js(json!([["set", "user", 7]]));
        let cookie = site.cookie.clone();
        let slow = site.js_open();
        site.rust(|session| session.destroy()).await;
        site.js_resume(slow, json!([["set", "cart", 1]]));
        site.cookie = cookie;
        assert_eq!(site.rust(|session| session.get::<u32>("user")).await, Some(7));
    }

    /// The old id is alive again too.
    async fn a_slow_request_to_remix_undoes_an_id_change_in_rust(site) {
        site.js(json!([["set", "cart", 1]]));
        let old = site.cookie.clone();
        let slow = site.js_open();
        site.rust(|session| {
            session.regenerate_id()?;
            session.set("user", &7)
        }).await;
        let new = site.cookie.clone();
        site.js_resume(slow, json!([["set", "theme", "dark"]]));
        // Its response also overwrites the new id in the browser with the old one.
        assert_eq!(site.cookie, old);
        assert_eq!(site.js(json!([["data"]])), [json!([{"cart": 1, "theme": "dark"}, {}])]);
        site.cookie = new;
        assert_eq!(site.js(json!([["data"]])), [json!([{"cart": 1, "user": 7}, {}])]);
    }

    async fn a_slow_request_to_rust_does_not_undo_a_logout_in_remix(site) {
        site.js(json!([["set", "user", 7], ["flash", "notice", "hello"]]));
        let cookie = site.cookie.clone();
        let writing = site.rust_open().await;
        let reading = site.rust_open().await;
        site.js(json!([["destroy"]]));
        writing.set("cart", &1).unwrap();
        let error = site.rust_close(writing).await.unwrap_err();
        assert!(matches!(error, Error::Vanished), "{error:?}");
        // A request that only read does not notice.
        assert_eq!(reading.get::<String>("notice").unwrap().as_deref(), Some("hello"));
        assert_eq!(site.rust_close(reading).await.unwrap(), Outcome::Unchanged);
        site.cookie = cookie;
        assert_eq!(site.record().await, None);
    }

    async fn a_login_in_rust_after_a_logout_in_remix_has_no_old_values(site) {
        site.js(json!([["set", "cart", 1]]));
        let login = site.rust_open().await;
        site.js(json!([["destroy"]]));
        login.regenerate_id().unwrap();
        login.set("user", &7).unwrap();
        // remix leaves no tombstone, so it cannot be told from a session that was evicted.
        let error = site.rust_close(login).await.unwrap_err();
        assert!(matches!(error, Error::Vanished), "{error:?}");
        let again = site.rust_open().await;
        again.regenerate_id().unwrap();
        again.set("user", &7).unwrap();
        site.rust_close(again).await.unwrap();
        assert_eq!(site.js(json!([["data"]])), [json!([{"user": 7}, {}])]);
    }

    async fn a_slow_request_to_rust_does_not_follow_an_id_change_in_remix(site) {
        site.js(json!([["set", "user", 7]]));
        let slow = site.rust_open().await;
        site.js(json!([["regenerateId", true]]));
        slow.set("cart", &1).unwrap();
        assert!(matches!(site.rust_close(slow).await, Err(Error::Vanished)));
        assert_eq!(site.js(json!([["data"]])), [json!([{"user": 7}, {}])]);
    }

    /// The tombstone under the old id names the new id, so the logout reaches the new record even
    /// though remix has written to it.
    async fn a_logout_in_rust_follows_an_id_change_in_rust_after_a_write_of_remix(site) {
        site.js(json!([["set", "user", 7]]));
        let logout = site.rust_open().await;
        site.rust(|session| session.regenerate_id()).await;
        site.js(json!([["set", "cart", 1]]));
        let new = site.cookie.clone();
        logout.destroy().unwrap();
        site.rust_close(logout).await.unwrap();
        site.cookie = new;
        assert!(site.rust_open().await.is_new());
        assert_eq!(site.js(json!([["data"]])), [json!([{}, {}])]);
    }

    /// remix does not record the new id.
    async fn a_logout_in_rust_does_not_follow_an_id_change_in_remix(site) {
        site.js(json!([["set", "user", 7]]));
        let logout = site.rust_open().await;
        site.js(json!([["regenerateId", true]]));
        let new = site.cookie.clone();
        logout.destroy().unwrap();
        site.rust_close(logout).await.unwrap();
        site.cookie = new;
        assert_eq!(site.js(json!([["get", "user"]])), [json!(7)]);
    }
}

/// With cookie storage, there is nothing on the server to destroy.
#[tokio::test]
async fn with_cookie_storage_a_copied_cookie_stays_valid_on_both_sides() {
    let mut site = Site::cookie().await;
    site.js(json!([["set", "user", 7]]));
    let copied = site.cookie.clone();
    site.rust(|session| session.destroy()).await;
    assert_eq!(site.js(json!([["get", "user"]])), [Value::Null]);
    site.cookie = copied;
    assert_eq!(site.js(json!([["get", "user"]])), [json!(7)]);
    assert_eq!(site.rust(|session| session.get::<u32>("user")).await, Some(7));
}
