//! Unit tests of `src/json.rs`.

use std::collections::BTreeMap;

use super::{decode, encode};

#[test]
fn refuses_what_could_not_be_read_back() {
    let nested = |depth: usize| {
        let text = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        serde_json::from_str::<Box<serde_json::value::RawValue>>(&text).unwrap()
    };
    for depth in [1, 100, 126, 127] {
        let json = encode("key", &nested(depth)).unwrap().unwrap();
        assert!(decode::<serde_json::Value>("key", &json).is_ok(), "{depth}");
    }
    for depth in [128, 129, 10_000] {
        assert!(encode("key", &nested(depth)).is_err(), "{depth}");
    }
    let wide = vec![[0; 1]; 1_000];
    assert!(encode("key", &wide).is_ok());
}

#[test]
fn a_missing_field_is_named_and_data_is_not() {
    #[derive(Debug, serde::Deserialize)]
    struct V2 {
        #[expect(dead_code)]
        name: u32,
        #[expect(dead_code)]
        added: u32,
    }
    let error = decode::<V2>("key", r#"{"name":1}"#).unwrap_err().to_string();
    assert!(error.contains("the field `added` is missing"), "{error}");
    let error = decode::<V2>("key", r#"{"name":"secret"}"#).unwrap_err().to_string();
    assert!(!error.contains("secret") && !error.contains("is missing"), "{error}");
}

#[test]
fn refuses_what_json_cannot_hold_at_any_depth() {
    assert!(encode("key", &f64::NAN).is_err());
    assert!(encode("key", &Some(vec![(1, f32::INFINITY)])).is_err());
    assert!(encode("key", &BTreeMap::from([("a", [f64::NEG_INFINITY])])).is_err());
    assert!(encode("key", &Result::<f64, ()>::Ok(f64::NAN)).is_err());
    assert!(encode("key", &(1.5, "x", None::<f64>, ())).is_ok());
}
