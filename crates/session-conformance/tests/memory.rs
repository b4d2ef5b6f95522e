//! Every check, on a store in memory: this tests the engine in session-core.

use session_conformance::{Fixture, Subject};
use session_store_memory::MemoryStore;

session_conformance::suite!(
    Subject::new(|| async {
        let store = MemoryStore::new();
        let clock = store.clone();
        Fixture::new(store).advance(move |by| clock.advance(by))
    })
    .named("memory")
);
