//! The conformance suite, on a directory of its own for each check.
#![allow(clippy::unwrap_used)]

mod common;

use common::Scratch;
use session_conformance::Fixture;
use session_store_fs::FsStore;

session_conformance::suite!(|| async {
    let scratch = Scratch::new();
    let root = scratch.root();
    let open = move || std::future::ready(FsStore::open(&root).unwrap());
    let store = open().await;
    let clock = store.clone();
    Fixture::new(store).advance(move |by| clock.advance(by)).reopen(open).keep(scratch)
});
