//! Sessions in Redis, 32 requests in flight on one thread.

use std::rc::Rc;

use fred::prelude::{Builder, Client, ClientLike, Config, KeysInterface};
use session_servers::Redis;
use session_store_redis::RedisStore;

use super::request::{bare, our_routes};
use crate::{App, Case, Cores, in_flight, runtime};

/// As long as a record of three small keys.
const BODY: usize = 130;

pub(super) fn cases() -> Vec<Case> {
    let server = Rc::new(Redis::start().expect("a server"));
    let cores = Cores::beside(server.pid());
    let runtime = runtime();
    let store = runtime.block_on(RedisStore::builder(&server.url()).pool_size(1).connect());
    let app = App::on(&runtime, "ours", our_routes(store.expect("the server")));
    let raw = runtime.block_on(client(&server.url()));
    let get = in_flight(&runtime, "read", "fred GET", move |_, times| {
        let raw = raw.clone();
        async move {
            for _ in 0..times {
                let value: Option<bytes::Bytes> = raw.get("raw").await.expect("a value");
                assert!(value.is_some());
            }
        }
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

async fn client(url: &str) -> Client {
    let config = Config::from_url(url).expect("a URL");
    let client = Builder::from_config(config).build().expect("a client");
    client.init().await.expect("the server");
    let set = client.set("raw", "x".repeat(BODY), None, None, false);
    let () = set.await.expect("room");
    client
}
