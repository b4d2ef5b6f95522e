//! The conformance suite, on one server and on three.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_conformance::{Fixture, Subject};
use session_servers::Memcached;
use session_store_memcache::MemcacheStore;

/// The default item size, minus the longest prefix, the digits of a key, and memcached's header.
const LARGEST: usize = 1024 * 1024 - 8 - 64 - 59;

/// Each check has its own prefix, and so its own empty store.
fn subject(name: &str, servers: &'static OnceLock<Vec<Memcached>>, count: usize) -> Subject {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    Subject::new(move || async move {
        let servers = servers.get_or_init(|| Memcached::start_many(count).unwrap());
        let addresses: Vec<String> = servers.iter().map(Memcached::addr).collect();
        let prefix = format!("c{}:", NEXT.fetch_add(1, Ordering::Relaxed));
        let builder = MemcacheStore::builder(addresses).prefix(prefix);
        let reopen = builder.clone();
        Fixture::new(builder.connect().await.unwrap()).reopen(move || {
            let builder = reopen.clone();
            async move { builder.connect().await.unwrap() }
        })
    })
    .named(name)
    .largest_body(LARGEST)
}

mod one_server {
    use super::{Memcached, OnceLock, subject};

    static SERVERS: OnceLock<Vec<Memcached>> = OnceLock::new();
    session_conformance::suite!(subject("memcache", &SERVERS, 1));
}

mod three_servers {
    use super::{Memcached, OnceLock, subject};

    static SERVERS: OnceLock<Vec<Memcached>> = OnceLock::new();
    session_conformance::suite!(subject("memcache-3", &SERVERS, 3));
}
