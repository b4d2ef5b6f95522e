//! Unit tests of `src/sealed.rs`.

use serde::Deserialize;

use super::*;

const YEAR_2100: Duration = Duration::from_millis(4_102_444_800_000);

fn sealer(secrets: &[&str]) -> Sealer {
    let secrets: Vec<_> =
        secrets.iter().map(|secret| Secret::of_any_length(secret.as_bytes()).unwrap()).collect();
    Sealer::new(&secrets, "id").unwrap()
}

fn seal(sealer: &Sealer, value: &str) -> String {
    sealer.seal(value, UNIX_EPOCH + YEAR_2100).unwrap()
}

#[derive(Deserialize)]
struct Known {
    name: String,
    secret: String,
    value: String,
    deadline_ms: u64,
    salt: String,
    nonce: String,
    cookie: String,
}

fn unhex<const N: usize>(hex: &str) -> [u8; N] {
    std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
}

#[test]
fn known_answers() {
    let known: Vec<Known> = serde_json::from_str(include_str!("../known/sealed.json")).unwrap();
    for known in known {
        let secret = Secret::from_text(&known.secret).unwrap();
        let salt = unhex(&known.salt);
        let sealer = Sealer::new(&[secret], &known.name).unwrap();
        let key = sealer.key(salt).unwrap();
        let nonce: [u8; NONCE_LEN] = unhex(&known.nonce);
        let deadline = UNIX_EPOCH + Duration::from_millis(known.deadline_ms);
        let sealed = sealer.seal_under(&key, nonce, &known.value, deadline);
        assert_eq!(sealed.unwrap(), known.cookie);
    }
}

#[test]
fn past_the_limit_each_message_has_a_key_to_itself() {
    let sealer = sealer(&["one"]);
    let head = |text: &str| text[..MARKER.len() + 20].to_owned();
    let (a, b) = (seal(&sealer, "value"), seal(&sealer, "value"));
    assert_eq!(head(&a), head(&b));
    sealer.sealed.store(MESSAGES_PER_KEY, Ordering::Relaxed);
    let (c, d) = (seal(&sealer, "value"), seal(&sealer, "value"));
    assert_ne!(head(&b), head(&c));
    assert_ne!(head(&c), head(&d));
    let opened = sealer.open(c.as_bytes(), UNIX_EPOCH);
    assert_eq!(opened.value(), Some("value"));
}
