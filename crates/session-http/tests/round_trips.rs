//! What a request costs its store, counted by the servers themselves.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use http::{HeaderMap, header};
use session_http::{Clock, SessionCookie, SessionLayer, SessionManager, SessionPolicy};
use session_servers::{Memcached, Redis};
use session_store_memcache::MemcacheStore;
use session_store_redis::RedisStore;
use tower::{Layer, ServiceExt};

const SECRET: &str = "3vJc0Ql1oXGqf9dS2nUBz8aKEpTy4RwM";

/// The commands of six requests: a first one that stores nothing, one that stores, one that does not open its session, one that
/// reads, one that writes, and one that reads when its deadline is due to move.
const EXPECTED: [usize; 6] = [0, 1, 0, 1, 2, 2];

async fn requests(
    manager: SessionManager,
    clock: Clock,
    mut count: impl FnMut() -> usize,
) -> Vec<usize> {
    let mut counts = Vec::new();
    let mut before = count();
    let mut counted = |counts: &mut Vec<usize>| {
        let now = count();
        counts.push(now - before);
        before = now;
    };
    let mut response = HeaderMap::new();

    let session = manager.open(&HeaderMap::new()).await.unwrap();
    assert!(session.is_empty());
    manager.close(&session, &mut response).await.unwrap();
    counted(&mut counts);

    let session = manager.open(&HeaderMap::new()).await.unwrap();
    session.set("n", &1).unwrap();
    manager.close(&session, &mut response).await.unwrap();
    let mut request = HeaderMap::new();
    request.insert(
        header::COOKIE,
        manager.cookie_for(&session).unwrap().unwrap(),
    );
    counted(&mut counts);

    let untouched = tower::service_fn(async |_: http::Request<()>| {
        Ok::<_, std::convert::Infallible>(http::Response::new(()))
    });
    let service = SessionLayer::new(manager.clone()).layer(untouched);
    let mut carrying = http::Request::new(());
    *carrying.headers_mut() = request.clone();
    service.oneshot(carrying).await.unwrap();
    counted(&mut counts);

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
        counted(&mut counts);
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
    // The first EVALSHA loads the script: that is not a request's cost.
    warm(&manager).await;
    let monitor = server.monitor().unwrap();
    let mut total = 0;
    let count = || {
        let commands = monitor.commands().unwrap();
        let words = ["\"GET\"", "\"SET\"", "\"EVALSHA\"", "\"EVAL\"", "\"DEL\""];
        let ours = |line: &&String| {
            words
                .iter()
                .any(|word| line.to_uppercase().starts_with(word))
        };
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
    warm(&manager).await;
    let count = || {
        let stats = server.stats().unwrap();
        let of = |name: &str| stats.get(name).unwrap().parse::<usize>().unwrap();
        of("cmd_get") + of("cmd_set") + of("delete_hits") + of("delete_misses")
    };
    assert_eq!(requests(manager, clock, count).await, EXPECTED);
}

async fn warm(manager: &SessionManager) {
    let session = manager.open(&HeaderMap::new()).await.unwrap();
    session.set("n", &1).unwrap();
    session.commit().await.unwrap();
    session.set("n", &2).unwrap();
    manager
        .close(&session, &mut HeaderMap::new())
        .await
        .unwrap();
}
