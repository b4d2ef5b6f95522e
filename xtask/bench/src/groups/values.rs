//! The values of a session, read and written by serde_json alone.

use std::collections::BTreeMap;
use std::hint::black_box;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, json};

use crate::{Case, THREE, Value, fifty};

/// What the routes of an application do with a body, without a session around it, in the way that takes serde_json least: it copies
/// no key, and parses only the value that is asked for.
pub(super) fn cases() -> Vec<Case> {
    let three = THREE.into_iter().map(|(key, value)| match value {
        Value::Number(number) => (key.to_owned(), json!(number)),
        Value::Text(text) => (key.to_owned(), json!(text)),
    });
    let fifty = fifty().map(|(key, text)| (key, json!(text)));
    let fifty = fifty.chain([("count".to_owned(), json!(1))]);
    [
        of(["read", "read and write"], three.collect()),
        of(
            ["50 keys: read", "50 keys: read and write"],
            fifty.collect(),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const SUBJECT: &str = "serde_json alone";

fn of([read, write]: [&'static str; 2], values: Map<String, serde_json::Value>) -> [Case; 2] {
    let body = serde_json::to_vec(&values).expect("JSON");
    let other = body.clone();
    [
        Case::new(read, SUBJECT, move |times| {
            for _ in 0..times {
                let (_, count) = parse(black_box(&body));
                black_box(count);
            }
        }),
        Case::new(write, SUBJECT, move |times| {
            for _ in 0..times {
                let (mut values, count) = parse(black_box(&other));
                let next = to_raw_value(&(count + 1)).expect("a number");
                values.insert("count", &next);
                black_box(serde_json::to_vec(&values).expect("JSON"));
            }
        }),
    ]
}

fn parse(body: &[u8]) -> (BTreeMap<&str, &RawValue>, u64) {
    let values: BTreeMap<&str, &RawValue> = serde_json::from_slice(body).expect("JSON");
    let count = serde_json::from_str(values["count"].get()).expect("a number");
    (values, count)
}
