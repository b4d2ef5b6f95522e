#![no_main]
//! Arbitrary bytes as the body of a record. A body that opens is read, changed, written, and opened
//! again.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use session_core::{Clock, SessionId, SessionPolicy, storage};

/// Opens bodies without metadata too.
static POLICY: LazyLock<SessionPolicy> =
    LazyLock::new(|| SessionPolicy::default().foreign_ids(true).clock(Clock::manual()));

type Values = BTreeMap<String, Box<RawValue>>;

/// The values, the flash values, and whether there is a third element, according to serde_json.
fn reference(data: &[u8]) -> Option<(Values, Values, bool)> {
    let elements: Vec<&RawValue> = serde_json::from_slice(data).ok()?;
    let values = |at: usize| serde_json::from_str(elements.get(at)?.get()).ok();
    let meta = elements.get(2).is_some_and(|meta| meta.get() != "null");
    (elements.len() <= 3).then_some((values(0)?, values(1)?, meta))
}

fn texts(values: &Values) -> Vec<(&String, &str)> {
    let texts = values.iter().map(|(key, value)| (key, value.get()));
    texts.collect()
}

/// The output of a future that is ready at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the future is pending"),
    }
}

fuzz_target!(|data: &[u8]| {
    let id = SessionId::parse("an-id-of-24-characters--").unwrap();
    let expected = reference(data);
    let Ok(session) = storage::open(id, Bytes::copy_from_slice(data), &POLICY) else {
        assert!(expected.is_none_or(|(_, _, meta)| meta));
        return;
    };
    let before = session.data();
    let (values, flash, _) = expected.expect("a body that opens is JSON");
    // An expired session opens empty.
    if !(before.values.is_empty() && before.flash.is_empty()) {
        assert_eq!(texts(&before.values), texts(&values));
        assert_eq!(texts(&before.flash), texts(&flash));
    }
    for key in before.values.keys().chain(before.flash.keys()) {
        let _ = session.get::<u64>(key);
        let _ = session.get::<String>(key);
    }
    session.set("fuzz", &1).unwrap();
    let draft = ready(storage::draft(&session)).unwrap().unwrap();
    let after = storage::open(draft.id.clone(), draft.body.clone(), &POLICY).unwrap();
    assert_eq!(after.get::<u32>("fuzz").unwrap(), Some(1));
    for (key, value) in &before.values {
        if key != "fuzz" {
            assert_eq!(after.data().values[key].get(), value.get());
        }
    }
});
