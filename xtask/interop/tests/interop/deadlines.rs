//! Deadlines: remix has none, so a session of remix's gets them here, and loses them there.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::site::{DAY, Site, on_each_server, on_each_storage, redis};

fn millis(site: &Site) -> u64 {
    let now = site.policy.time().now();
    let since = now.duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

on_each_storage! {
    async fn a_session_of_remix_lives_from_its_first_request_here(site) {
        site.js(json!([["set", "user", 7]]));
        site.wait(100 * DAY);
        assert_eq!(site.rust(|session| session.get::<u32>("user")).await, Some(7));
        // A day without a request is the end: not yet,
        site.wait(DAY - Duration::from_millis(1));
        assert!(site.rust(|session| Ok(session.has("user"))).await);
        // and now.
        site.wait(DAY);
        assert!(!site.rust(|session| Ok(session.has("user"))).await);
    }

    async fn and_ends_after_its_absolute_lifetime_however_much_it_is_used(site) {
        site.js(json!([["set", "user", 7]]));
        for _ in 0..28 {
            assert!(site.rust(|session| Ok(session.has("user"))).await);
            site.wait(DAY / 2);
        }
        assert!(!site.rust(|session| Ok(session.has("user"))).await);
    }

    /// remix drops what says when the session began.
    async fn but_each_write_of_remix_starts_both_anew(site) {
        site.rust(|session| session.set("user", &7)).await;
        for _ in 0..4 {
            site.wait(DAY / 2);
            assert!(site.rust(|session| Ok(session.has("user"))).await);
            site.js(json!([["set", "seen", 1]]));
            site.wait(13 * DAY);
        }
        assert!(site.rust(|session| Ok(session.has("user"))).await);
    }

    /// remix does not look at them.
    async fn a_session_that_has_expired_here_still_opens_there(site) {
        site.rust(|session| session.set("user", &7)).await;
        site.wait(2 * DAY);
        assert!(site.rust_open().await.is_new());
        assert_eq!(site.js(json!([["get", "user"]])), [json!(7)]);
    }
}

on_each_server! {
    async fn the_first_request_here_writes_them_and_a_write_there_drops_them(site) {
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
        // Once: the next request finds them.
        site.rust(|_| Ok(())).await;
        assert_eq!(site.record().await, Some(ours.clone()));

        // Reading there leaves them,
        assert_eq!(site.js(json!([["get", "user"]])), [json!({"id": 7.5})]);
        assert_eq!(site.record().await, Some(ours));
        // writing does not.
        site.js(json!([["set", "seen", 1]]));
        assert_eq!(site.record().await, Some(json!([{"user": {"id": 7.5}, "seen": 1}, {}])));
        site.wait(Duration::from_secs(1));
        site.rust(|session| session.set("seen", &2)).await;
        let again = site.record().await.unwrap();
        assert_eq!(again[2]["c"], json!(now + 1000));
    }

    async fn a_request_to_remix_that_only_reads_does_not_move_them(site) {
        site.rust(|session| session.set("user", &7)).await;
        site.wait(DAY - Duration::from_secs(60));
        assert_eq!(site.js(json!([["get", "user"]])), [json!(7)]);
        site.wait(Duration::from_secs(60));
        assert!(site.rust_open().await.is_new());
    }
}

/// What remix signed into a cookie carries no deadline, and nothing on the server knows that it was replaced.
#[tokio::test]
async fn a_copied_cookie_of_remix_never_expires() {
    let mut site = Site::cookie().await;
    site.js(json!([["set", "user", 7]]));
    let copied = site.cookie.clone();
    site.rust(|session| session.set("seen", &1)).await;
    site.wait(1000 * DAY);
    assert!(site.rust_open().await.is_new());
    site.cookie = copied;
    assert_eq!(
        site.rust(|session| session.get::<u32>("user")).await,
        Some(7)
    );
}

#[tokio::test]
async fn redis_is_told_when_to_forget_a_session_by_rust_and_by_remix_only_with_a_ttl() {
    let ttl = |site: &Site| {
        let key = format!("session:{}", site.id().as_str());
        let reply = redis().command(&["TTL", &key]).unwrap();
        reply.integer().unwrap()
    };
    let mut site = Site::redis().await;
    site.js(json!([["set", "user", 7]]));
    assert_eq!(ttl(&site), -1, "for ever");
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
