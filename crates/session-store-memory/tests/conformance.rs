//! The conformance suite.

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
