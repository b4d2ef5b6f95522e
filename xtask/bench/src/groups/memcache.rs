//! Sessions in memcached, 32 requests in flight on one thread.

use std::rc::Rc;
use std::sync::Arc;

use async_memcached::{AsciiProtocol as _, Client};
use session_servers::Memcached;
use session_store_memcache::MemcacheStore;
use tokio::sync::Mutex;

use super::request::our_routes;
use crate::{App, Case, Cores, IN_FLIGHT, in_flight, runtime};

pub(super) fn cases() -> Vec<Case> {
    let server = Rc::new(Memcached::start().expect("a server"));
    let cores = Cores::beside(server.pid());
    let runtime = runtime();
    let store = MemcacheStore::builder([server.addr()]);
    let store = runtime.block_on(store.pool_size(IN_FLIGHT).connect());
    let app = App::on(&runtime, "ours", our_routes(store.expect("the server")));
    let raw: Vec<_> = (0..IN_FLIGHT)
        .map(|_| runtime.block_on(client(&server.addr())))
        .collect();
    let get = in_flight(
        &runtime,
        "read",
        "async-memcached get",
        move |task, times| {
            let raw = Arc::clone(&raw[task]);
            async move {
                let mut raw = raw.lock().await;
                for _ in 0..times {
                    assert!(raw.get("raw").await.expect("a value").is_some());
                }
            }
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
