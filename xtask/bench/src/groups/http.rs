//! Requests over HTTP.

use std::rc::Rc;

use session_http::SessionLayer;
use session_servers::{Memcached, Redis};
use session_store_memory::MemoryStore;
use tower_layer::Layer;

use super::request::{bare, idle_layer, manager};
use super::{memcache, ours, redis};
use crate::loopback::loopback_to;
use crate::{Case, Cores, loopback};

const UNTOUCHED: &str = "untouched";

/// Those that leave the session alone.
pub(super) fn untouched() -> Vec<Case> {
    let path = "/untouched";
    vec![
        loopback(UNTOUCHED, path, "bare router", |_| bare()),
        loopback(UNTOUCHED, path, "idle layer", |_| idle_layer()),
        loopback(UNTOUCHED, path, "ours", |_| ours(MemoryStore::new())),
        // Around the router, in place of around each of its routes.
        loopback_to(UNTOUCHED, path, "ours, around the router", |_| {
            let store = MemoryStore::new();
            let service = SessionLayer::new(manager(store.clone())).layer(bare().router);
            (ours(store), service)
        }),
    ]
}

/// Those that wait for a server, which has the same core as the application.
pub(super) fn stored() -> Vec<Case> {
    let server = Rc::new(Redis::start().expect("a server"));
    let cores = Cores::beside(server.pid());
    let mut cases = Vec::new();
    for (scenario, path) in [
        ("read, Redis", "/read"),
        ("read and write, Redis", "/write"),
    ] {
        let url = server.url();
        cases.extend([
            loopback(scenario, path, "bare router", |_| bare()),
            loopback(scenario, path, "ours", move |on| redis::app(on, &url)).keeping(&server),
        ]);
    }
    let server = Rc::new(Memcached::start().expect("a server"));
    let _ = Cores::beside(server.pid());
    for (scenario, path) in [
        ("read, memcached", "/read"),
        ("read and write, memcached", "/write"),
    ] {
        let addr = server.addr();
        cases.extend([
            loopback(scenario, path, "bare router", |_| bare()),
            loopback(scenario, path, "ours", move |on| memcache::app(on, addr)).keeping(&server),
        ]);
    }
    cases.into_iter().map(|case| case.keeping(&cores)).collect()
}
