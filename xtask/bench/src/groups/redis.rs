//! Sessions in Redis, 32 requests in flight on one thread.

use std::rc::Rc;

use fred::prelude::{Builder, Client, ClientLike, Config, KeysInterface};
use session_servers::Redis;
use session_store_redis::RedisStore;
use tokio::runtime::Runtime;

use super::request::{bare, our_routes};
use crate::{App, Case, Cores, Wire, in_flight, runtime};

/// As long as a record of three small keys.
const BODY: usize = 130;

pub(super) fn cases() -> Vec<Case> {
    let server = Rc::new(Redis::start().expect("a server"));
    let cores = Cores::beside(server.pid());
    let runtime = runtime();
    let app = app(&runtime, &server.url());
    let raw = runtime.block_on(client(&server.url()));
    let get = in_flight(&runtime, "read", "fred GET", move |_, times| {
        let raw = raw.clone();
        async move { get(&raw, times).await }
    });
    let cases = vec![
        bare().in_flight("read", "/read"),
        app.in_flight("read", "/read"),
        app.in_flight("read and write", "/write"),
        get,
    ];
    cases
        .into_iter()
        .map(|case| case.keeping(&server).keeping(&cores))
        .collect()
}

/// How often each request waits for the server.
pub(super) fn round_trips() -> Vec<Case> {
    let server = Redis::start().expect("a server");
    let runtime = runtime();
    let wire = Wire::to(server.addr(), &runtime);
    let url = format!("redis://{}", wire.addr());
    let mut cases = app(&runtime, &url).stored_cases();
    let raw = runtime.block_on(client(&url));
    cases.push(Case::new("read", "fred GET", move |times| {
        runtime.block_on(get(&raw, times));
    }));
    cases
        .into_iter()
        .map(|case| wire.round_trips(case))
        .collect()
}

pub(super) fn app(runtime: &Rc<Runtime>, url: &str) -> App {
    let store = runtime.block_on(RedisStore::builder(url).pool_size(1).connect());
    App::on(runtime, "ours", our_routes(store.expect("the server")))
}

async fn get(raw: &Client, times: usize) {
    for _ in 0..times {
        let value: Option<bytes::Bytes> = raw.get("raw").await.expect("a value");
        assert!(value.is_some());
    }
}

async fn client(url: &str) -> Client {
    let config = Config::from_url(url).expect("a URL");
    let client = Builder::from_config(config).build().expect("a client");
    client.init().await.expect("the server");
    let set = client.set("raw", "x".repeat(BODY), None, None, false);
    let () = set.await.expect("room");
    client
}
