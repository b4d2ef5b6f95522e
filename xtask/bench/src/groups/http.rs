//! Requests over HTTP.

use std::rc::Rc;

use session_http::SessionLayer;
use session_servers::{Memcached, Redis};
use session_store_memory::MemoryStore;
use tokio::runtime::Runtime;
use tower_layer::Layer;

use super::request::{bare, idle_layer, manager};
use super::{memcache, ours, redis};
use crate::loopback::loopback_to;
use crate::{App, Case, Cores, loopback};

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

/// Those that wait for a server, which has the core of the application.
pub(super) fn stored() -> Vec<Case> {
    let server = Rc::new(Redis::start().expect("a server"));
    let other = Rc::new(Memcached::start().expect("a server"));
    let (url, addr) = (server.url(), other.addr());
    let cores = [server.pid(), other.pid()].map(Cores::beside);
    let on_redis = move |on: &Rc<Runtime>| redis::app(on, &url);
    let on_memcached = move |on: &Rc<Runtime>| memcache::app(on, addr.clone());
    [
        both("read, Redis", "/read", on_redis.clone()),
        both("read and write, Redis", "/write", on_redis),
        both("read, memcached", "/read", on_memcached.clone()),
        both("read and write, memcached", "/write", on_memcached),
    ]
    .into_iter()
    .flatten()
    .map(|case| case.keeping(&(server.clone(), other.clone(), cores.clone())))
    .collect()
}

/// Without sessions, and with ours.
fn both(
    scenario: &'static str,
    path: &'static str,
    app: impl FnOnce(&Rc<Runtime>) -> App + Send + 'static,
) -> [Case; 2] {
    [
        loopback(scenario, path, "bare router", |_| bare()),
        loopback(scenario, path, "ours", app),
    ]
}
