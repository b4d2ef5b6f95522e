//! Bodies come back byte for byte, whatever they hold and however long they are.

use bytes::Bytes;
use session_core::{Condition, PutOutcome, RecordStore};

use crate::check::Result;
use crate::context::{Context, HOUR, fresh_key};
use crate::failure::{ensure, expect};

pub(super) async fn empty_bodies(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let version = store.insert(&key, "").await?;
    store.holds("an empty body", &key, b"").await?;
    let taken = Condition::IfAbsent;
    store.refuses("IfAbsent on an empty record", &key, "x", taken).await?;
    let version = store.update(&key, "full", &version).await?;
    store.update(&key, "", &version).await?;
    store.holds("a body that became empty", &key, b"").await?;
    expect("remove of an empty record", &store.remove(&key).await?, &true)
}

pub(super) async fn binary_bodies(cx: Context) -> Result {
    let store = cx.store()?;
    let every: Vec<u8> = (0..=255).collect();
    let bodies: [&[u8]; 12] = [
        &every,
        b"\0",
        b"before\0after",
        b"ends with\0",
        b"\r\nEND\r\n",
        b"  spaces  ",
        b"\xff\xfe not utf-8 \xc3\x28",
        "\u{feff}b\u{f6}rek \u{1f95f}".as_bytes(),
        b"null",
        b"'; DROP TABLE sessions; --",
        b"%s%n\\x00\\0",
        b"\n",
    ];
    for body in bodies {
        let key = fresh_key()?;
        let version = store.insert(&key, body.to_vec()).await?;
        let version = {
            let loaded = store.holds("a binary body", &key, body).await?;
            expect("its version", &loaded, &version)?;
            loaded
        };
        let twice = [body, body].concat();
        store.update(&key, twice.clone(), &version).await?;
        store.holds("a binary body, updated", &key, &twice).await?;
    }
    Ok(())
}

/// `length` bytes without repetitions.
fn long(length: usize, seed: u32) -> Bytes {
    let mut state = seed | 1;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

pub(super) async fn large_bodies(cx: Context) -> Result {
    let store = cx.store()?;
    for length in [4096, 65_535, 65_536, 65_537, cx.largest_body - 1, cx.largest_body] {
        let length = length.min(cx.largest_body);
        let (key, body) = (fresh_key()?, long(length, 1));
        let version = store.insert(&key, body.clone()).await?;
        same(&store.found("a large body", &key).await?.body, &body)?;
        let next = long(length, 2);
        store.update(&key, next.clone(), &version).await?;
        same(&store.found("a large body, updated", &key).await?.body, &next)?;
        store.remove(&key).await?;
    }
    Ok(())
}

/// Fails unless two bodies are equal, without printing them.
fn same(seen: &Bytes, expected: &Bytes) -> Result {
    expect("the length of the body", &seen.len(), &expected.len())?;
    let differs = seen.iter().zip(expected).position(|(a, b)| a != b);
    ensure(differs.is_none(), || {
        format!("the body of {} bytes differs from byte {differs:?} on", expected.len())
    })
}

pub(super) async fn a_shorter_body_replaces_a_longer_one(cx: Context) -> Result {
    let (store, key) = (cx.store()?, fresh_key()?);
    let mut version = store.insert(&key, long(cx.largest_body.min(100_000), 3)).await?;
    for length in [5000, 4095, 17, 1] {
        let body = long(length, 4);
        version = store.update(&key, body.clone(), &version).await?;
        same(&store.found("a shorter body", &key).await?.body, &body)?;
    }
    Ok(())
}

pub(super) async fn an_oversized_body_is_stored_whole_or_not_at_all(cx: Context) -> Result {
    let (store, key, free) = (cx.store()?, fresh_key()?, fresh_key()?);
    let huge = long(cx.largest_body.max(1 << 20) * 4, 5);
    let version = store.insert(&key, "small").await?;
    let condition = Condition::IfVersion(version.clone());
    let put = store.put(&key, huge.clone(), HOUR, condition).await;
    let seen = store.found("after an oversized update", &key).await?;
    match put {
        Ok(PutOutcome::Stored(_)) => same(&seen.body, &huge)?,
        Ok(PutOutcome::Refused) | Err(_) => {
            expect("the body after a write that failed", &seen.body, &b"small"[..])?;
            expect("its version", &seen.version, &version)?;
        }
    }
    let put = store.put(&free, huge.clone(), HOUR, Condition::IfAbsent).await;
    let seen = store.load(&free).await?;
    match (put, seen) {
        (Ok(PutOutcome::Stored(_)), Some(seen)) => same(&seen.body, &huge),
        (Ok(PutOutcome::Refused) | Err(_), None) => Ok(()),
        (put, seen) => ensure(false, || {
            format!(
                "an oversized insert answered {put:?}, and then there was {:?}",
                seen.map(|r| r.body.len())
            )
        }),
    }
}
