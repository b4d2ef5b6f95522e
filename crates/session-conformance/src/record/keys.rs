//! Keys are separate, however similar they are.

use session_core::{RecordKey, RecordStore, SessionId};

use crate::Failure;
use crate::check::Result;
use crate::context::{Context, fresh_key};
use crate::failure::expect;
use crate::recorder::Recorder;

/// Stores a different body under each key, loads all of them, and removes one at a time.
async fn are_separate(store: &Recorder, keys: &[RecordKey]) -> Result {
    for (n, key) in keys.iter().enumerate() {
        store.insert(key, format!("body {n}")).await?;
    }
    for (n, key) in keys.iter().enumerate() {
        let body = format!("body {n}");
        store.holds("the body of this key", key, body.as_bytes()).await?;
    }
    for (n, key) in keys.iter().enumerate() {
        expect("remove of this key", &store.remove(key).await?, &true)?;
        if let Some(next) = keys.get(n + 1) {
            let body = format!("body {}", n + 1);
            let what = "the next key, after a removal";
            store.holds(what, next, body.as_bytes()).await?;
        }
    }
    Ok(())
}

pub(super) async fn keys_that_differ_in_one_bit_are_separate(cx: Context) -> Result {
    let store = cx.store()?;
    let digest = *fresh_key()?.digest();
    let mut keys = vec![RecordKey::from_digest(digest)];
    for bit in 0..256 {
        let mut other = digest;
        if let Some(byte) = other.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        keys.push(RecordKey::from_digest(other));
    }
    keys.push(RecordKey::from_digest([0; 32]));
    keys.push(RecordKey::from_digest([0xff; 32]));
    are_separate(&store, &keys).await
}

fn plain(text: &str) -> Result<RecordKey> {
    let id = SessionId::parse_foreign(text);
    let id = id.ok_or_else(|| Failure::new("the check is wrong: not an id"))?;
    Ok(RecordKey::plain_of(&id))
}

pub(super) async fn keys_of_the_maximum_length(cx: Context) -> Result {
    let store = cx.store()?;
    let longest = "k".repeat(SessionId::MAX_FOREIGN - 1);
    let keys = [
        plain(&format!("{longest}a"))?,
        plain(&format!("{longest}b"))?,
        plain(&longest)?,
        plain("k")?,
    ];
    are_separate(&store, &keys).await
}

pub(super) async fn keys_of_any_printable_text(cx: Context) -> Result {
    let store = cx.store()?;
    let every: String = (b'!'..=b'~').map(char::from).collect();
    let texts = [
        "a",
        "A",
        "../../etc/passwd",
        "..",
        ".",
        "/",
        "//",
        "a/b",
        "a%2Fb",
        "%",
        "*",
        "?",
        "[a-z]",
        "{tag}",
        "'",
        "\"",
        "\\",
        "a:b",
        "session:a",
        "$1",
        ";",
        "~",
        "-rf",
        "CON",
        &every,
    ];
    let keys: Result<Vec<_>> = texts.iter().map(|text| plain(text)).collect();
    are_separate(&store, &keys?).await
}

pub(super) async fn many_keys(cx: Context) -> Result {
    let store = cx.store()?;
    let keys: Result<Vec<_>> = (0..500).map(|_| fresh_key()).collect();
    are_separate(&store, &keys?).await
}
