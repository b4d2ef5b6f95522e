//! The values of a session, read and written by serde_json alone.

use std::fmt;
use std::hint::black_box;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, json};

use crate::{Case, THREE, Value, fifty};

const SUBJECT: &str = "serde_json alone";

/// What the routes of an application do with a body, without a session around it: one value is read and all others are skipped,
/// or kept as they stand to be written again.
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

fn of([read, write]: [&'static str; 2], values: Map<String, serde_json::Value>) -> [Case; 2] {
    let body = serde_json::to_vec(&values).expect("JSON");
    let other = body.clone();
    [
        Case::new(read, SUBJECT, move |times| {
            for _ in 0..times {
                let read: Count = serde_json::from_slice(black_box(&body)).expect("JSON");
                black_box(read.count);
            }
        }),
        Case::new(write, SUBJECT, move |times| {
            for _ in 0..times {
                let mut all: Members<'_> = serde_json::from_slice(black_box(&other)).expect("JSON");
                let count = all.0.iter_mut().find(|(key, _)| *key == "count");
                let (_, count) = count.expect("a number");
                let before: u64 = serde_json::from_str(count.get()).expect("a number");
                let next = to_raw_value(&(before + 1)).expect("a number");
                *count = &next;
                black_box(serde_json::to_vec(&all).expect("JSON"));
            }
        }),
    ]
}

#[derive(serde::Deserialize)]
struct Count {
    count: u64,
}

/// Keys and the text of their values, in their order.
struct Members<'a>(Vec<(&'a str, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(Vec::new()))
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Members<'a> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Self, A::Error> {
        while let Some(member) = members.next_entry()? {
            self.0.push(member);
        }
        Ok(self)
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
