//! The conformance suite, on one real server and on three.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_conformance::{Fixture, Subject};
use session_servers::Memcached;
use session_store_memcache::MemcacheStore;

/// The default item size, less the longest prefix of these tests, the key's digits, and memcached's header.
const LARGEST: usize = 1024 * 1024 - 8 - 64 - 59;

/// A store of its own for each check: a prefix that no other has.
fn subject(name: &str, servers: &'static OnceLock<Vec<Memcached>>, count: usize) -> Subject {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    Subject::new(move || async move {
        let servers = servers.get_or_init(|| Memcached::start_many(count).unwrap());
        let addresses: Vec<String> = servers.iter().map(Memcached::addr).collect();
        let prefix = format!("c{}:", NEXT.fetch_add(1, Ordering::Relaxed));
        let builder = MemcacheStore::builder(addresses).prefix(prefix);
        let again = builder.clone();
        Fixture::new(builder.connect().await.unwrap()).reopen(move || {
            let builder = again.clone();
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
