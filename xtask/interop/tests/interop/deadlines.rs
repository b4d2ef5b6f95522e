//! Deadlines: remix has none. Rust adds them to a session of remix, and a write by remix drops
//! them.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::site::{DAY, Site, on_each_server, on_each_storage, redis};

fn millis(site: &Site) -> u64 {
    let now = site.policy.time().now();
    let since = now.duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

on_each_storage! {
    async fn a_session_of_remix_gets_deadlines_with_its_first_request_to_rust(site) {
        site.js(json!([["set", "user", 7]]));
        site.advance(100 * DAY);
        assert_eq!(site.rust(|session| session.get::<u32>("user")).await, Some(7));
        // It expires after a day without a request: not yet,
        site.advance(DAY - Duration::from_millis(1));
        assert!(site.rust(|session| Ok(session.has("user"))).await);
        // and now.
        site.advance(DAY);
        assert!(!site.rust(|session| Ok(session.has("user"))).await);
    }

    async fn a_session_of_remix_expires_after_the_absolute_lifetime_even_if_it_is_used(site) {
        site.js(json!([["set", "user", 7]]));
        for _ in 0..28 {
            assert!(site.rust(|session| Ok(session.has("user"))).await);
            site.advance(DAY / 2);
        }
        assert!(!site.rust(|session| Ok(session.has("user"))).await);
    }

    /// remix drops the creation time.
    async fn each_write_of_remix_restarts_both_deadlines(site) {
        site.rust(|session| session.set("user", &7)).await;
        for _ in 0..4 {
            site.advance(DAY / 2);
            assert!(site.rust(|session| Ok(session.has("user"))).await);
            site.js(json!([["set", "seen", 1]]));
            site.advance(13 * DAY);
        }
        assert!(site.rust(|session| Ok(session.has("user"))).await);
    }

    /// remix ignores deadlines.
    async fn a_session_that_has_expired_in_rust_still_opens_in_remix(site) {
        site.rust(|session| session.set("user", &7)).await;
        site.advance(2 * DAY);
        assert!(site.rust_open().await.is_new());
        assert_eq!(site.js(json!([["get", "user"]])), [json!(7)]);
    }
}

on_each_server! {
    async fn the_first_request_to_rust_adds_deadlines_and_a_write_of_remix_drops_them(site) {
        site.js(json!([["set", "user", {"id": 7.5}]]));
        let theirs = json!([{"user": {"id": 7.5}}, {}]);
        assert_eq!(site.record().await, Some(theirs.clone()));

        site.rust(|_| Ok(())).await;
        let ours = site.record().await.unwrap();
        assert_eq!(ours[0], theirs[0]);
        assert_eq!(ours[1], theirs[1]);
        let now = millis(&site);
        assert_eq!(ours[2]["c"], json!(now));
        assert_eq!(ours[2]["i"], json!(now + 24 * 60 * 60 * 1000));
        // The next request does not write them again.
        site.rust(|_| Ok(())).await;
        assert_eq!(site.record().await, Some(ours.clone()));

        // A read by remix does not change the record,
        assert_eq!(site.js(json!([["get", "user"]])), [json!({"id": 7.5})]);
        assert_eq!(site.record().await, Some(ours));
        // but a write does.
        site.js(json!([["set", "seen", 1]]));
        assert_eq!(site.record().await, Some(json!([{"user": {"id": 7.5}, "seen": 1}, {}])));
        site.advance(Duration::from_secs(1));
        site.rust(|session| session.set("seen", &2)).await;
        let again = site.record().await.unwrap();
        assert_eq!(again[2]["c"], json!(now + 1000));
    }

    async fn a_read_by_remix_does_not_move_the_idle_deadline(site) {
        site.rust(|session| session.set("user", &7)).await;
        site.advance(DAY - Duration::from_secs(60));
        assert_eq!(site.js(json!([["get", "user"]])), [json!(7)]);
        site.advance(Duration::from_secs(60));
        assert!(site.rust_open().await.is_new());
    }
}

/// A cookie signed by remix has no deadline, and no server knows that it was replaced.
#[tokio::test]
async fn a_copied_cookie_of_remix_never_expires() {
    let mut site = Site::cookie().await;
    site.js(json!([["set", "user", 7]]));
    let copied = site.cookie.clone();
    site.rust(|session| session.set("seen", &1)).await;
    site.advance(1000 * DAY);
    assert!(site.rust_open().await.is_new());
    site.cookie = copied;
    assert_eq!(site.rust(|session| session.get::<u32>("user")).await, Some(7));
}

#[tokio::test]
async fn rust_sets_a_ttl_in_redis_and_remix_only_if_configured() {
    let ttl = |site: &Site| {
        let key = format!("session:{}", site.id().as_str());
        let reply = redis().command(&["TTL", &key]).unwrap();
        reply.integer().unwrap()
    };
    let mut site = Site::redis().await;
    site.js(json!([["set", "user", 7]]));
    assert_eq!(ttl(&site), -1, "no expiry");
    site.rust(|_| Ok(())).await;
    // The idle deadline, and a minute for servers whose clocks are behind.
    let a_day = 24 * 60 * 60;
    assert!((a_day + 50..=a_day + 60).contains(&ttl(&site)));
    site.js(json!([["set", "seen", 1]]));
    assert_eq!(ttl(&site), -1, "a write there takes it away");

    let mut site = Site::on_redis(json!({"ttl": 3600})).await;
    site.js(json!([["set", "user", 7]]));
    assert!((3590..=3600).contains(&ttl(&site)));
    let none: Option<Value> = site.rust(|session| session.get("none")).await;
    assert_eq!(none, None);
    assert!(ttl(&site) > a_day, "the longer of the two counts");
}
