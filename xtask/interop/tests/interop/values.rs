//! Values that one side writes and the other reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use session_core::ErrorKind;

use crate::site::on_each_storage;

/// Values of every kind that JSON can express and JavaScript can represent exactly.
fn values() -> Value {
    json!({
        "nested": {"a": [1, {"b": [null, true, "x"]}, []], "empty": {}},
        "text": "héllo ☃ 🎉 \u{2028}\u{7f}\t\n\r\u{8}\u{c}\u{0}\\ \" / </script> %41 +",
        "clé \"quoted\" \\ 🎉": "a key",
        "": "the empty key",
        "__proto__": "no prototype",
        "1": "a number as a key",
        "tenth": 0.1,
        "tiny": 5e-324,
        "huge": 1.7976931348623157e308,
        "small": -1.5e-7,
        "safe": 9_007_199_254_740_991_i64,
        "two_to_53": 9_007_199_254_740_992_i64,
        "minus": -9_007_199_254_740_992_i64,
        "zero": 0,
        "no": false,
    })
}

/// The steps of a request to remix that sets them.
fn set_all() -> Value {
    let values = values();
    let set = |(key, value)| json!(["set", key, value]);
    values.as_object().unwrap().iter().map(set).collect()
}

on_each_storage! {
    async fn rust_reads_and_changes_values_of_remix(site) {
        site.js(set_all());

        site.rust(|session| {
            for (key, value) in values().as_object().unwrap() {
                assert_eq!(session.get::<Value>(key.as_str())?.as_ref(), Some(value), "{key}");
            }
            assert_eq!(session.get::<f64>("tiny")?, Some(5e-324));
            assert_eq!(session.get::<u64>("two_to_53")?, Some(1 << 53));
            assert_eq!(session.get::<i64>("minus")?, Some(-(1 << 53)));
            assert_eq!(session.len(), values().as_object().unwrap().len());

            session.set("clé \"quoted\" \\ 🎉", "changed 🎉 \"\\")?;
            session.update("safe", |n: Option<i64>| n.map(|n| n - 1))?;
            session.update("nested", |nested: Option<BTreeMap<String, Value>>| {
                let mut nested = nested?;
                nested.insert("from".into(), json!({"rust": [1.5, "é"]}));
                Some(nested)
            })?;
            session.unset("text")?;
            session.set("no", &None::<bool>)
        }).await;

        let mut expected = values();
        expected["clé \"quoted\" \\ 🎉"] = json!("changed 🎉 \"\\");
        expected["safe"] = json!(9_007_199_254_740_990_i64);
        expected["nested"]["from"] = json!({"rust": [1.5, "é"]});
        let object = expected.as_object_mut().unwrap();
        object.remove("text");
        object.remove("no");
        let read = site.js(json!([["data"], ["set", "last", "word"]]));
        assert_eq!(read[0], json!([expected, {}]));

        site.rust(|session| {
            assert_eq!(session.get::<String>("last")?.as_deref(), Some("word"));
            assert_eq!(session.get::<f64>("huge")?, Some(f64::MAX));
            Ok(())
        }).await;
    }

    async fn remix_reads_and_changes_values_of_rust(site) {
        let all = values();
        site.rust(|session| {
            all.as_object().unwrap().iter().try_for_each(|(key, value)| session.set(key.as_str(), value))
        }).await;
        let read = site.js(json!([["data"], ["size"], ["unset", "text"], ["set", "no", null], ["set", "new", {"a": "🎉"}]]));
        assert_eq!(read[0], json!([all, {}]));
        assert_eq!(read[1], json!(all.as_object().unwrap().len()));
        site.rust(|session| {
            assert!(!session.has("text") && !session.has("no"));
            assert_eq!(session.get::<Value>("new")?, Some(json!({"a": "🎉"})));
            assert_eq!(session.get::<Value>("nested")?, Some(all["nested"].clone()));
            Ok(())
        }).await;
    }

    /// JavaScript cannot represent all integers above 2^53. remix reads the nearest number, and
    /// writes that back.
    async fn integers_above_two_to_53_are_rounded_when_remix_writes(site) {
        let exact = (1_u64 << 53) + 1;
        site.rust(|session| {
            session.set("exact", &exact)?;
            session.set("most", &u64::MAX)
        }).await;
        site.rust(|session| session.set("other", &1)).await;
        site.rust(|session| {
            assert_eq!(session.get::<u64>("exact")?, Some(exact));
            assert_eq!(session.get::<u64>("most")?, Some(u64::MAX));
            Ok(())
        }).await;
        let rounded = json!(9_007_199_254_740_992_u64);
        assert_eq!(site.js(json!([["get", "exact"]])), [rounded]);
        // remix has only read, so the record is unchanged.
        assert_eq!(site.rust(|session| session.get::<u64>("exact")).await, Some(exact));

        site.js(json!([["set", "other", 2]]));
        site.rust(|session| {
            assert_eq!(session.get::<u64>("exact")?, Some(1 << 53));
            // JavaScript writes 2^64, which is not a u64.
            assert!(session.get::<u64>("most").is_err());
            assert_eq!(session.get::<f64>("most")?, Some(18_446_744_073_709_551_616.0));
            Ok(())
        }).await;
    }

    /// `set(key, NaN)` is an error in Rust. remix stores `null`.
    async fn a_nan_of_remix_is_read_as_null(site) {
        site.js(json!([["nan", "ratio"]]));
        assert_eq!(site.js(json!([["has", "ratio"], ["get", "ratio"]])), [json!(true), Value::Null]);
        site.rust(|session| {
            assert!(session.has("ratio"));
            assert!(session.get::<f64>("ratio").is_err());
            assert_eq!(session.get::<Option<f64>>("ratio")?, Some(None));
            assert!(session.set("ratio", &f64::NAN).is_err());
            Ok(())
        }).await;
    }

    /// A JavaScript string can contain a lone surrogate, a Rust string cannot.
    async fn a_lone_surrogate_is_preserved_but_cannot_be_read_as_text(site) {
        site.js(json!([["lone", "half"], ["set", "whole", 1]]));
        site.rust(|session| {
            assert!(session.get::<String>("half").is_err());
            session.set("whole", &2)
        }).await;
        assert_eq!(site.js(json!([["has", "half"], ["get", "whole"]])), [json!(true), json!(2)]);

        site.js(json!([["loneKey"]]));
        match site.rust_try_open().await {
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt),
            // An invalid cookie opens a new session. An invalid record in a store is an error.
            Ok(session) => assert!(session.is_new() && !site.has_store()),
        }
    }
}
