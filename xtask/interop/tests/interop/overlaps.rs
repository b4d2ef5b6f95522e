//! Concurrent requests to both sides.

use serde_json::json;
use session_core::Outcome;

use crate::site::on_each_server;

on_each_server! {
    async fn a_slow_request_to_rust_keeps_what_remix_wrote_in_between(site) {
        site.js(json!([["set", "count", 1]]));
        let slow = site.rust_open().await;
        slow.set("theme", "dark").unwrap();
        slow.update("count", |n: Option<u32>| n.map(|n| n + 1)).unwrap();
        site.js(json!([["set", "cart", [1, 2]], ["set", "count", 10]]));
        assert_eq!(site.rust_close(slow).await.unwrap(), Outcome::Merged);
        let data = json!([{"count": 11, "cart": [1, 2], "theme": "dark"}, {}]);
        assert_eq!(site.js(json!([["data"]])), [data]);
    }

    /// remix writes back the whole session that it read. This library cannot prevent that.
    async fn a_slow_request_to_remix_loses_what_rust_wrote_in_between(site) {
        site.js(json!([["set", "count", 1]]));
        let slow = site.js_open();
        site.rust(|session| session.set("theme", "dark")).await;
        site.js_resume(slow, json!([["set", "cart", [1, 2]]]));
        assert_eq!(site.js(json!([["data"]])), [json!([{"count": 1, "cart": [1, 2]}, {}])]);
    }

    async fn a_slow_request_to_remix_that_only_reads_loses_nothing(site) {
        site.js(json!([["set", "count", 1]]));
        let slow = site.js_open();
        site.rust(|session| session.set("theme", "dark")).await;
        site.js_resume(slow, json!([["get", "count"]]));
        assert_eq!(site.js(json!([["get", "theme"]])), [json!("dark")]);
    }

    /// remix writes the session to remove the flash value.
    async fn a_slow_request_to_remix_that_read_a_flash_value_loses_what_rust_wrote(site) {
        site.js(json!([["flash", "notice", "hello"]]));
        let slow = site.js_open();
        site.rust(|session| session.set("theme", "dark")).await;
        site.js_resume(slow, json!([]));
        assert_eq!(site.js(json!([["has", "theme"]])), [json!(false)]);
    }
}
