//! Sessions in Redis, on one thread.

use std::rc::Rc;

use bytes::Bytes;
use fred::prelude::{Builder, Client, ClientLike, Config, KeysInterface};
use session_servers::Redis;
use session_store_redis::RedisStore;
use tokio::runtime::Runtime;

use super::request::{bare, our_routes};
use crate::{App, Case, Cores, Wire, in_flight, runtime};

/// What the client alone does so many times: whether it writes, and who that is.
const ALONE: [(&str, bool, &str); 2] = [
    ("read", false, "fred GET"),
    ("read and write", true, "fred GET and SET"),
];

const KEY: &str = "raw";

/// With many requests in flight.
pub(super) fn cases() -> Vec<Case> {
    let server = Rc::new(Redis::start().expect("a server"));
    let cores = Cores::beside(server.pid());
    let runtime = runtime();
    let app = app(&runtime, &server.url());
    let raw = runtime.block_on(client(&server.url()));
    let mut cases = vec![
        bare().in_flight("read", "/read"),
        app.in_flight("read", "/read"),
        app.in_flight("read and write", "/write"),
    ];
    cases.extend(ALONE.map(|(scenario, writes, subject)| {
        let raw = raw.clone();
        in_flight(&runtime, scenario, subject, move |_, times| {
            alone(raw.clone(), writes, times)
        })
    }));
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
    cases.extend(ALONE.map(|(scenario, writes, subject)| {
        let (runtime, raw) = (Rc::clone(&runtime), raw.clone());
        Case::new(scenario, subject, move |times| {
            runtime.block_on(alone(raw.clone(), writes, times));
        })
    }));
    wire.round_trips(cases)
}

pub(super) fn app(runtime: &Rc<Runtime>, url: &str) -> App {
    let store = runtime.block_on(RedisStore::builder(url).pool_size(1).connect());
    App::on(runtime, "ours", our_routes(store.expect("the server")))
}

async fn alone(raw: Client, writes: bool, times: usize) {
    for _ in 0..times {
        let value: Option<Bytes> = raw.get(KEY).await.expect("the server");
        let value = value.expect("a value");
        if writes {
            let () = raw.set(KEY, value, None, None, false).await.expect("room");
        }
    }
}

async fn client(url: &str) -> Client {
    let config = Config::from_url(url).expect("a URL");
    let client = Builder::from_config(config).build().expect("a client");
    client.init().await.expect("the server");
    // As long as a record of three small keys.
    let set = client.set(KEY, "x".repeat(130), None, None, false);
    let () = set.await.expect("room");
    client
}
