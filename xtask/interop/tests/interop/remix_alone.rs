//! What `docs/remix.md` says about remix's own code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::site::{Site, on_each_server};

on_each_server! {
    async fn concurrent_requests_lose_one_of_two_writes(site) {
        site.js(json!([["set", "first", 1]]));
        let (a, b) = (site.js_open(), site.js_open());
        site.js_resume(a, json!([["set", "a", 1]]));
        site.js_resume(b, json!([["set", "b", 1]]));
        assert_eq!(site.js(json!([["data"]])), [json!([{"first": 1, "b": 1}, {}])]);
    }

    async fn a_slow_request_undoes_a_logout(site) {
        site.js(json!([["set", "user", 7]]));
        let slow = site.js_open();
        site.js(json!([["destroy"]]));
        site.js_resume(slow, json!([["set", "cart", 1]]));
        assert_eq!(site.js(json!([["get", "user"]])), [json!(7)]);
    }

    async fn a_logout_after_regenerate_id_does_not_destroy_the_old_session(site) {
        site.js(json!([["set", "user", 7]]));
        let old = site.cookie.clone();
        site.js(json!([["regenerateId"], ["destroy"]]));
        site.cookie = old;
        assert_eq!(site.js(json!([["get", "user"]])), [json!(7)]);
    }

    async fn regenerating_twice_deletes_the_original_id(site) {
        site.js(json!([["set", "user", 7]]));
        let old = site.cookie.clone();
        site.js(json!([["regenerateId", true], ["regenerateId", true]]));
        assert_eq!(site.js(json!([["get", "user"]])), [json!(7)]);
        site.cookie = old;
        assert_eq!(site.js(json!([["get", "user"]])), [Value::Null]);
    }

    async fn an_unknown_id_is_not_adopted(site) {
        let line = site.remix.serialize("no-such-session");
        site.receive(&line);
        let id = &site.js(json!([["id"]]))[0];
        assert_ne!(*id, json!("no-such-session"));
    }

    async fn every_write_sends_the_cookie_again(site) {
        site.js(json!([["set", "user", 7]]));
        let cookie = site.cookie.clone();
        let write = site.remix.request(cookie.as_deref(), &json!([["set", "cart", 1]]));
        assert_eq!(write.cookies.len(), 1);
        let read = site.remix.request(cookie.as_deref(), &json!([["get", "cart"]]));
        assert!(read.cookies.is_empty());
        // Rust sends only a new id, and only once.
        let session = site.rust_open().await;
        session.set("cart", &2).unwrap();
        site.cookie = None;
        site.rust_close(session).await.unwrap();
        assert_eq!(site.cookie, None);
    }
}

#[tokio::test]
async fn after_destroy_reading_finds_nothing_and_writing_throws() {
    let mut site = Site::redis().await;
    site.js(json!([["set", "user", 7]]));
    let threw = json!({"threw": "Session has been destroyed"});
    let steps = json!([
        ["destroy"],
        ["get", "user"],
        ["has", "user"],
        ["size"],
        ["set", "a", 1],
        ["flash", "a", 1],
        ["unset", "a"],
        ["regenerateId"],
        ["destroy"]
    ]);
    let expected = [
        Value::Null,
        Value::Null,
        json!(false),
        json!(0),
        threw.clone(),
        threw.clone(),
        threw.clone(),
        threw,
        Value::Null,
    ];
    assert_eq!(site.js(steps), expected);
}

#[tokio::test]
async fn a_logout_sets_an_empty_cookie_without_an_expiry() {
    let site = Site::redis().await;
    let response = site.remix.request(None, &json!([["destroy"]]));
    assert_eq!(response.cookies, ["__session=; HttpOnly; Path=/; SameSite=Lax; Secure"]);
}

#[tokio::test]
async fn unset_does_not_remove_a_flash_value() {
    let mut site = Site::redis().await;
    site.js(json!([["flash", "notice", 1]]));
    let read = site.js(json!([["unset", "notice"], ["get", "notice"]]));
    assert_eq!(read[1], json!(1));
    site.rust(|session| session.flash("notice", &2)).await;
    site.rust(|session| {
        session.unset("notice")?;
        assert_eq!(session.get::<u8>("notice")?, Some(2));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn data_shows_new_flash_values_and_a_null_is_a_value() {
    let mut site = Site::redis().await;
    let steps = json!([["flash", "a", 1], ["flash", "b", null], ["data"]]);
    assert_eq!(site.js(steps)[2], json!([{}, {"a": 1, "b": null}]));
    let read = site.js(json!([["has", "b"], ["get", "b"], ["data"]]));
    assert_eq!(read, [json!(true), Value::Null, json!([{}, {}])]);
    // In Rust, it shows only flash values that can be read now, and a null removes a new one.
    site.rust(|session| {
        session.flash("a", &1)?;
        session.flash("b", &2)?;
        session.flash("b", &None::<u8>)?;
        assert!(session.data().flash.is_empty());
        Ok(())
    })
    .await;
    site.rust(|session| {
        assert_eq!(session.data().flash.keys().collect::<Vec<_>>(), ["a"]);
        Ok(())
    })
    .await;
}

/// The document says: encrypted and signed.
#[tokio::test]
async fn a_session_in_its_cookie_is_readable_by_anyone() {
    let mut site = Site::cookie().await;
    site.js(json!([["set", "user", 7], ["flash", "notice", "hello"]]));
    let cookie = site.cookie.clone().unwrap();
    let text = cookie.strip_prefix("__session=").unwrap();
    let data = text.rsplit_once('.').unwrap().0;
    let data: Value = serde_json::from_slice(&STANDARD.decode(data).unwrap()).unwrap();
    assert_eq!(data["d"], json!([{"user": 7}, {"notice": "hello"}]));
}

#[tokio::test]
async fn a_cookie_without_a_secret_is_refused() {
    let site = Site::redis().await;
    let error = site.remix.unsigned();
    assert_eq!(error.as_deref(), Some("Session cookie must be signed"));
}
