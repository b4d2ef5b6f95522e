//! Unit tests of `src/seal.rs`.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn what_was_sealed_opens_with_its_id_and_purpose_only() {
    let [id, other] = [SessionId::random().unwrap(), SessionId::random().unwrap()];
    for text in ["", "ada", "ünï\0 {\"}"] {
        let sealed = seal(&id, "name", text).unwrap();
        assert_eq!(open(&id, "name", &sealed).as_deref(), Some(text));
        assert_eq!(open(&other, "name", &sealed), None);
        assert_eq!(open(&id, "label", &sealed), None);
        for at in 0..sealed.len() {
            assert_eq!(open(&id, "name", &sealed[..at]), None);
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_ne!(
                open(&id, "name", &changed).as_deref(),
                Some(text).filter(|_| changed != sealed)
            );
        }
    }
}

#[test]
fn no_two_messages_are_alike() {
    let id = SessionId::random().unwrap();
    assert_ne!(seal(&id, "name", "ada").unwrap(), seal(&id, "name", "ada").unwrap());
}
