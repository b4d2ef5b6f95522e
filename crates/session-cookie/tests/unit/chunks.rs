//! Unit tests of `src/chunks.rs`.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Known {
    cookie: String,
    tag: String,
}

#[test]
fn known_answers() {
    let known: Vec<Known> = serde_json::from_str(include_str!("../known/chunks.json")).unwrap();
    for known in known {
        assert_eq!(tag(&known.cookie), known.tag);
    }
}

#[test]
fn the_chunks_of_a_value_carry_its_tag() {
    let text = "0123456789".repeat(1_000);
    let tag = tag(&text);
    let lines = split("name", &text, "; Path=/", 3).unwrap();
    assert!(lines[0].starts_with(&format!("name=k3.{tag}.0123")), "{}", lines[0]);
    assert!(lines[1].starts_with(&format!("name.1={tag}.")), "{}", lines[1]);
    assert!(lines[2].starts_with(&format!("name.2={tag}.")), "{}", lines[2]);
    assert!(lines.iter().all(|line| line.len() <= SessionCookie::MAX_BYTES));
}
