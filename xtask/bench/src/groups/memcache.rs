//! Sessions in memcached, on one thread.

use std::rc::Rc;
use std::sync::Arc;

use async_memcached::{AsciiProtocol as _, Client};
use session_servers::Memcached;
use session_store_memcache::MemcacheStore;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use super::request::{bare, our_routes};
use crate::{App, Case, Cores, IN_FLIGHT, Wire, in_flight, runtime};

/// What the client alone does so many times: whether it writes, and who that is.
const ALONE: [(&str, bool, &str); 2] = [
    ("read", false, "async-memcached get"),
    ("read and write", true, "async-memcached get, set"),
];

const KEY: &str = "raw";

/// With many requests in flight.
pub(super) fn cases() -> Vec<Case> {
    let server = Rc::new(Memcached::start().expect("a server"));
    let cores = Cores::beside(server.pid());
    let runtime = runtime();
    let app = app(&runtime, server.addr());
    let raw: Vec<_> = (0..IN_FLIGHT)
        .map(|_| runtime.block_on(client(&server.addr())))
        .collect();
    let mut cases = vec![
        bare().in_flight("read", "/read"),
        app.in_flight("read", "/read"),
        app.in_flight("read and write", "/write"),
    ];
    cases.extend(ALONE.map(|(scenario, writes, subject)| {
        let raw = raw.clone();
        in_flight(&runtime, scenario, subject, move |task, times| {
            alone(Arc::clone(&raw[task]), writes, times)
        })
    }));
    cases
        .into_iter()
        .map(|case| case.keeping(&server).keeping(&cores))
        .collect()
}

/// How often each request waits for the server.
pub(super) fn round_trips() -> Vec<Case> {
    let server = Memcached::start().expect("a server");
    let runtime = runtime();
    let wire = Wire::to(server.addr(), &runtime);
    let addr = wire.addr().to_string();
    let mut cases = app(&runtime, addr.clone()).stored_cases();
    let raw = runtime.block_on(client(&addr));
    cases.extend(ALONE.map(|(scenario, writes, subject)| {
        let (runtime, raw) = (Rc::clone(&runtime), Arc::clone(&raw));
        Case::new(scenario, subject, move |times| {
            runtime.block_on(alone(Arc::clone(&raw), writes, times));
        })
    }));
    wire.round_trips(cases)
}

pub(super) fn app(runtime: &Rc<Runtime>, addr: String) -> App {
    let store = MemcacheStore::builder([addr]).pool_size(IN_FLIGHT);
    let store = runtime.block_on(store.connect());
    App::on(runtime, "ours", our_routes(store.expect("the server")))
}

async fn alone(raw: Arc<Mutex<Client>>, writes: bool, times: usize) {
    let mut raw = raw.lock().await;
    for _ in 0..times {
        let value = raw.get(KEY).await.expect("the server");
        let value = value.and_then(|value| value.data).expect("a value");
        if writes {
            raw.set(KEY, &*value, None, None).await.expect("room");
        }
    }
}

async fn client(addr: &str) -> Arc<Mutex<Client>> {
    let client = Client::new(format!("tcp://{addr}")).await;
    let mut client = client.expect("the server");
    // As long as a record of three small keys.
    let value = "x".repeat(130);
    let set = client.set(KEY, value.as_str(), None, None);
    set.await.expect("room");
    Arc::new(Mutex::new(client))
}
