//! Requests to both sides at once.

use serde_json::json;
use session_core::Outcome;

use crate::site::on_each_server;

on_each_server! {
    async fn rust_keeps_what_javascript_wrote_in_between(site) {
        site.js(json!([["set", "count", 1]]));
        let slow = site.rust_open().await;
        slow.set("theme", "dark").unwrap();
        slow.update("count", |n: Option<u32>| n.map(|n| n + 1)).unwrap();
        site.js(json!([["set", "cart", [1, 2]], ["set", "count", 10]]));
        assert_eq!(site.rust_finish(slow).await.unwrap(), Outcome::Merged);
        let data = json!([{"count": 11, "cart": [1, 2], "theme": "dark"}, {}]);
        assert_eq!(site.js(json!([["data"]])), [data]);
    }

    /// It writes the whole session as it found it. This library cannot mend that from its side.
    async fn javascript_loses_what_rust_wrote_in_between(site) {
        site.js(json!([["set", "count", 1]]));
        let slow = site.js_open();
        site.rust(|session| session.set("theme", "dark")).await;
        site.js_finish(slow, json!([["set", "cart", [1, 2]]]));
        assert_eq!(site.js(json!([["data"]])), [json!([{"count": 1, "cart": [1, 2]}, {}])]);
    }

    async fn a_slow_request_of_remix_that_only_read_loses_nothing(site) {
        site.js(json!([["set", "count", 1]]));
        let slow = site.js_open();
        site.rust(|session| session.set("theme", "dark")).await;
        site.js_finish(slow, json!([["get", "count"]]));
        assert_eq!(site.js(json!([["get", "theme"]])), [json!("dark")]);
    }

    /// Unless it found a flash value: to let that go, remix writes the session.
    async fn a_slow_request_of_remix_that_found_a_flash_value_loses_it(site) {
        site.js(json!([["flash", "notice", "hello"]]));
        let slow = site.js_open();
        site.rust(|session| session.set("theme", "dark")).await;
        site.js_finish(slow, json!([]));
        assert_eq!(site.js(json!([["has", "theme"]])), [json!(false)]);
    }
}
