//! The number of store commands for each kind of request, counted by the servers.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use http::{HeaderMap, header};
use session_http::{Clock, SessionCookie, SessionLayer, SessionManager, SessionPolicy};
use session_servers::{Memcached, Redis};
use session_store_memcache::MemcacheStore;
use session_store_redis::RedisStore;
use tower::{Layer, ServiceExt};

const SECRET: &str = "the secret of the tests, of 32 bytes and more";

/// The commands of six requests: one without a session that stores nothing, one that creates a
/// session, one that does not open its session, one that reads, one that writes, and one that reads
/// when the deadline must be moved.
const EXPECTED: [usize; 6] = [0, 1, 0, 1, 2, 2];

async fn requests(
    manager: SessionManager,
    clock: Clock,
    mut count: impl FnMut() -> usize,
) -> Vec<usize> {
    let mut counts = Vec::new();
    let mut before = count();
    let mut record = |counts: &mut Vec<usize>| {
        let now = count();
        counts.push(now - before);
        before = now;
    };
    let mut response = HeaderMap::new();

    let session = manager.open(&HeaderMap::new()).await.unwrap();
    assert!(session.is_empty());
    manager.close(&session, &mut response).await.unwrap();
    record(&mut counts);

    let session = manager.open(&HeaderMap::new()).await.unwrap();
    session.set("n", &1).unwrap();
    manager.close(&session, &mut response).await.unwrap();
    let mut request = HeaderMap::new();
    request.insert(header::COOKIE, manager.cookie_for(&session).unwrap().unwrap());
    record(&mut counts);

    let untouched = tower::service_fn(async |_: http::Request<()>| {
        Ok::<_, std::convert::Infallible>(http::Response::new(()))
    });
    let service = SessionLayer::new(manager.clone()).layer(untouched);
    let mut with_cookie = http::Request::new(());
    *with_cookie.headers_mut() = request.clone();
    service.oneshot(with_cookie).await.unwrap();
    record(&mut counts);

    for step in 0..3 {
        if step == 2 {
            clock.advance(Duration::from_secs(3 * 3600));
        }
        let session = manager.open(&request).await.unwrap();
        assert_eq!(session.get::<u32>("n").unwrap(), Some(1));
        if step == 1 {
            session.set("other", &2).unwrap();
        }
        manager.close(&session, &mut response).await.unwrap();
        record(&mut counts);
    }
    counts
}

fn policy() -> (SessionPolicy, Clock) {
    let clock = Clock::manual();
    (SessionPolicy::default().clock(clock.clone()), clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn redis() {
    let server = Redis::start().unwrap();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let (policy, clock) = policy();
    let cookie = SessionCookie::new(SECRET).unwrap();
    let manager = SessionManager::new(store, cookie).policy(policy);
    // The first write finds out that this server has no compare-and-set of its own, which must not
    // be counted.
    warm_up(&manager).await;
    let monitor = server.monitor().unwrap();
    let mut total = 0;
    let count = || {
        let commands = monitor.commands().unwrap();
        let names = ["\"GET\"", "\"SET\"", "\"EVAL\"", "\"DEL\""];
        let ours = |line: &&String| names.iter().any(|name| line.to_uppercase().starts_with(name));
        total += commands.iter().filter(ours).count();
        total
    };
    assert_eq!(requests(manager, clock, count).await, EXPECTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn memcache() {
    let server = Memcached::start().unwrap();
    let store = MemcacheStore::connect([server.addr()]).await.unwrap();
    let (policy, clock) = policy();
    let cookie = SessionCookie::new(SECRET).unwrap();
    let manager = SessionManager::new(store, cookie).policy(policy);
    warm_up(&manager).await;
    let count = || {
        let stats = server.stats().unwrap();
        let of = |name: &str| stats.get(name).unwrap().parse::<usize>().unwrap();
        of("cmd_get") + of("cmd_set") + of("delete_hits") + of("delete_misses")
    };
    assert_eq!(requests(manager, clock, count).await, EXPECTED);
}

async fn warm_up(manager: &SessionManager) {
    let session = manager.open(&HeaderMap::new()).await.unwrap();
    session.set("n", &1).unwrap();
    session.commit().await.unwrap();
    session.set("n", &2).unwrap();
    manager.close(&session, &mut HeaderMap::new()).await.unwrap();
}
