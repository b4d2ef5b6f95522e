//! Unit tests of `src/command.rs`.

use super::*;

#[test]
fn an_answer_must_have_the_key_and_the_opaque_token() {
    let answer = |key: Option<&str>, opaque: Option<&str>| MetaValue {
        key: key.map(|key| key.as_bytes().to_vec()),
        opaque_token: opaque.map(|opaque| opaque.as_bytes().to_vec()),
        ..MetaValue::default()
    };
    assert!(belongs(&answer(Some("a"), Some("1")), "a", "1"));
    for (key, opaque) in
        [(Some("b"), Some("1")), (Some("a"), Some("2")), (None, Some("1")), (Some("a"), None)]
    {
        assert!(!belongs(&answer(key, opaque), "a", "1"));
    }
}
