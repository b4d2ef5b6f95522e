#![no_main]
//! Any bytes as a record's body; what opens is read, changed and written again, and opens then too.

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use session_core::{Clock, SessionId, SessionPolicy, storage};

static POLICY: LazyLock<SessionPolicy> =
    LazyLock::new(|| SessionPolicy::default().clock(Clock::manual()));

fuzz_target!(|data: &[u8]| {
    let id = SessionId::parse("an-id-of-24-characters--").unwrap();
    let Ok(session) = storage::open(id, Bytes::copy_from_slice(data), &POLICY) else {
        return;
    };
    let before = session.data();
    for key in before.values.keys().chain(before.flash.keys()) {
        let _ = session.get::<u64>(key);
        let _ = session.get::<String>(key);
    }
    session.set("fuzz", &1).unwrap();
    let draft = storage::draft(&session).unwrap().unwrap();
    let after = storage::open(draft.id.clone(), draft.body, &POLICY).unwrap();
    assert_eq!(after.get::<u32>("fuzz").unwrap(), Some(1));
    for (key, value) in &before.values {
        if key != "fuzz" {
            assert_eq!(after.data().values[key].get(), value.get());
        }
    }
});
