//! Flash values: the next request can read them on either side, and they are gone after it.

use serde_json::{Value, json};

use crate::site::on_each_storage;

on_each_storage! {
    async fn remix_flashes_and_rust_reads(site) {
        let steps = json!([["flash", "notice", "Saved! 🎉"], ["get", "notice"], ["has", "notice"]]);
        assert_eq!(site.js(steps), [Value::Null, Value::Null, json!(false)]);
        site.rust(|session| {
            assert!(session.has("notice"));
            for _ in 0..2 {
                assert_eq!(session.get::<String>("notice")?.as_deref(), Some("Saved! 🎉"));
            }
            Ok(())
        }).await;
        assert_eq!(site.js(json!([["has", "notice"]])), [json!(false)]);
        assert!(!site.rust(|session| Ok(session.has("notice"))).await);
    }

    async fn rust_flashes_and_remix_reads(site) {
        let notice = json!({"kind": "error", "texts": ["\"é\"", "🎉"], "ratio": 0.5});
        site.rust(|session| {
            session.set("user", &7)?;
            session.flash("notice", &notice)?;
            assert!(!session.has("notice"));
            Ok(())
        }).await;
        let read = site.js(json!([["get", "notice"], ["get", "notice"]]));
        assert_eq!(read, [notice.clone(), notice]);
        assert!(!site.rust(|session| Ok(session.has("notice"))).await);
        assert_eq!(site.js(json!([["data"]])), [json!([{"user": 7}, {}])]);
    }

    async fn an_unread_flash_value_is_gone_after_the_next_request(site) {
        site.js(json!([["flash", "notice", 1]]));
        site.rust(|_| Ok(())).await;
        assert_eq!(site.js(json!([["has", "notice"]])), [json!(false)]);
        site.rust(|session| session.flash("notice", &1)).await;
        site.js(json!([]));
        assert!(!site.rust(|session| Ok(session.has("notice"))).await);
    }

    async fn each_side_can_flash_after_the_other(site) {
        site.js(json!([["flash", "a", 1]]));
        site.rust(|session| session.flash("b", &2)).await;
        let read = site.js(json!([["has", "a"], ["get", "b"], ["flash", "c", 3]]));
        assert_eq!(read[..2], [json!(false), json!(2)]);
        assert_eq!(site.rust(|session| session.get::<u8>("c")).await, Some(3));
    }

    async fn a_value_hides_a_flash_value_with_the_same_key(site) {
        site.js(json!([["set", "k", "value"], ["flash", "k", "flash"]]));
        assert_eq!(site.rust(|session| session.get::<String>("k")).await.as_deref(), Some("value"));
        site.rust(|session| session.flash("k", "flash")).await;
        assert_eq!(site.js(json!([["get", "k"]])), [json!("value")]);
    }
}
