//! Sessions in memcached, 32 requests in flight on one thread.

use std::rc::Rc;
use std::sync::Arc;

use async_memcached::{AsciiProtocol as _, Client};
use session_servers::Memcached;
use session_store_memcache::MemcacheStore;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use super::request::our_routes;
use crate::{App, Case, Cores, IN_FLIGHT, Wire, in_flight, runtime};

pub(super) fn cases() -> Vec<Case> {
    let server = Rc::new(Memcached::start().expect("a server"));
    let cores = Cores::beside(server.pid());
    let runtime = runtime();
    let app = app(&runtime, server.addr());
    let raw: Vec<_> = (0..IN_FLIGHT)
        .map(|_| runtime.block_on(client(&server.addr())))
        .collect();
    let get = in_flight(
        &runtime,
        "read",
        "async-memcached get",
        move |task, times| {
            let raw = Arc::clone(&raw[task]);
            async move { get(&raw, times).await }
        },
    );
    let cases = [
        app.in_flight("read", "/read"),
        app.in_flight("read and write", "/write"),
        get,
    ];
    cases
        .map(|case| case.keeping(&server).keeping(&cores))
        .into()
}

/// How often each request waits for the server.
pub(super) fn round_trips() -> Vec<Case> {
    let server = Memcached::start().expect("a server");
    let runtime = runtime();
    let wire = Wire::to(server.addr(), &runtime);
    let addr = wire.addr().to_string();
    let mut cases = app(&runtime, addr.clone()).stored_cases();
    let raw = runtime.block_on(client(&addr));
    cases.push(Case::new("read", "async-memcached get", move |times| {
        runtime.block_on(get(&raw, times));
    }));
    cases
        .into_iter()
        .map(|case| wire.round_trips(case))
        .collect()
}

pub(super) fn app(runtime: &Rc<Runtime>, addr: String) -> App {
    let store = MemcacheStore::builder([addr]).pool_size(IN_FLIGHT);
    let store = runtime.block_on(store.connect());
    App::on(runtime, "ours", our_routes(store.expect("the server")))
}

async fn get(raw: &Mutex<Client>, times: usize) {
    let mut raw = raw.lock().await;
    for _ in 0..times {
        assert!(raw.get("raw").await.expect("a value").is_some());
    }
}

async fn client(addr: &str) -> Arc<Mutex<Client>> {
    let client = Client::new(format!("tcp://{addr}")).await;
    let mut client = client.expect("the server");
    let value = "x".repeat(130);
    client
        .set("raw", value.as_str(), None, None)
        .await
        .expect("room");
    Arc::new(Mutex::new(client))
}
