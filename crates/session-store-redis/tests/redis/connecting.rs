//! Servers that are not there, do not answer, or do not let us in; and what the errors show.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use session_core::{StoreError, StoreErrorKind};
use session_servers::Redis;
use session_store_redis::RedisStore;

use crate::support::{body, insert, stored, works};

/// The kind, and that the error names the address and keeps the password, however it is printed.
async fn refused(url: &str, kind: StoreErrorKind, names: &str) -> StoreError {
    let started = Instant::now();
    let error = RedisStore::connect(url).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_millis(3500), "{:?}", started.elapsed());
    let text = format!("{error} {error:?}");
    assert_eq!(error.kind(), kind, "{text}");
    assert!(text.contains(names) && !text.contains("hunter2"), "{text}");
    error
}

fn free_address() -> String {
    // Bound and let go: nothing listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_server() {
    let address = free_address();
    for url in [
        format!("redis://:hunter2@{address}"),
        format!("redis-cluster://:hunter2@{address}"),
        format!(
            "redis-sentinel://:hunter2@{address}?sentinelServiceName=m&sentinelPassword=hunter2"
        ),
    ] {
        refused(&url, StoreErrorKind::Unavailable, &address).await;
    }
    refused("redis+unix:///nowhere/redis.sock", StoreErrorKind::Unavailable, "/nowhere/redis.sock")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    refused(&format!("redis://:hunter2@{address}"), StoreErrorKind::Timeout, &address).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password() {
    let redis = Redis::builder().password("right").start().unwrap();
    let address = redis.addr();
    refused(&format!("redis://:hunter2@{address}"), StoreErrorKind::Config, &address).await;
    refused(&format!("redis://{address}"), StoreErrorKind::Config, &address).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_kind() {
    let redis = Redis::start().unwrap();
    let address = redis.addr();
    refused(&format!("redis-cluster://{address}"), StoreErrorKind::Config, &address).await;
    let url = format!("redis-sentinel://{address}?sentinelServiceName=m");
    refused(&url, StoreErrorKind::Config, &address).await;
    let url = format!("redis://{address}/99");
    refused(&url, StoreErrorKind::Config, "number of a database").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_redis() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // fred asks more than once; a closed listener would reset the connections it did not accept.
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            let _ = std::io::copy(&mut client, &mut std::io::sink());
        }
    });
    let url = format!("redis://{address}");
    refused(&url, StoreErrorKind::Unavailable, "does not speak as Redis").await;
}

#[cfg(not(feature = "tls"))]
#[tokio::test(flavor = "multi_thread")]
async fn tls_is_never_plain_text() {
    let redis = Redis::start().unwrap();
    let url = redis.url().replacen("redis://", "rediss://", 1);
    refused(&url, StoreErrorKind::Config, "feature `tls`").await;
    assert_eq!(
        redis.info("total_connections_received").unwrap(),
        Redis::start().unwrap().info("total_connections_received").unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_shows_the_password() {
    let redis = Redis::builder().password("hunter2").start().unwrap();
    let builder = RedisStore::builder(&redis.url());
    assert!(!format!("{builder:?}").contains("hunter2"));
    let store = builder.connect().await.unwrap();
    let text = format!("{store:?}");
    assert!(text.contains(&redis.addr()) && !text.contains("hunter2"), "{text}");
    let zero = RedisStore::builder(&redis.url()).command_timeout(Duration::ZERO).connect().await;
    assert_eq!(zero.unwrap_err().kind(), StoreErrorKind::Config);
}

/// A sentinel's password is not the server's.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_of_a_sentinel() {
    let redis = Redis::builder().password("servers").start().unwrap();
    let sentinel = Redis::builder()
        .sentinel()
        .line(&format!("sentinel monitor mymaster 127.0.0.1 {} 1", redis.port()))
        .line("sentinel auth-pass mymaster servers")
        .password("sentinels")
        .start()
        .unwrap();
    let address = sentinel.addr();
    let url = format!("redis-sentinel://:servers@{address}?sentinelServiceName=mymaster");
    for url in [url.clone(), format!("{url}&sentinelPassword=hunter2")] {
        let error = refused(&url, StoreErrorKind::Config, &address).await;
        assert!(error.to_string().contains("check sentinelUsername and"), "{error}");
    }
    let wrong = url.replacen("servers", "hunter2", 1) + "&sentinelPassword=sentinels";
    let error = refused(&wrong, StoreErrorKind::Config, &address).await;
    assert!(error.to_string().contains("check the user and the password"), "{error}");
    let other = url.replace("mymaster", "other") + "&sentinelPassword=sentinels";
    let error = refused(&other, StoreErrorKind::Config, &address).await;
    assert!(error.to_string().contains("no master of that name"), "{error}");
    let right = RedisStore::connect(&format!("{url}&sentinelPassword=sentinels")).await.unwrap();
    works(&right).await;
}

fn cluster_node() -> (Redis, String) {
    let node = Redis::builder()
        .line("cluster-enabled yes")
        .line("cluster-config-file nodes.conf")
        .start()
        .unwrap();
    let url = node.url().replacen("redis:", "redis-cluster:", 1);
    (node, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_without_slots() {
    let (node, url) = cluster_node();
    let error = refused(&url, StoreErrorKind::Config, &node.addr()).await;
    assert!(error.to_string().contains("no slots"), "{error}");
}

/// A single node does not know its own address, and names no host.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_one_node() {
    let (node, url) = cluster_node();
    node.command(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).unwrap();
    session_servers::until(Duration::from_secs(20), "the cluster is down", || {
        match node.command(&["SET", "a", "1"]) {
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    })
    .unwrap();
    let store = RedisStore::connect(&url).await.unwrap();
    works(&store).await;
    let inserts = (0..32).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { insert(&store, &format!("k{number}"), "1").await.unwrap() })
    });
    for insert in inserts.collect::<Vec<_>>() {
        stored(insert.await.unwrap());
    }
    let loads = (0..32).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { body(&store, &format!("k{number}")).await.unwrap() })
    });
    for load in loads.collect::<Vec<_>>() {
        assert_eq!(load.await.unwrap(), "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_a_user_and_a_database_on_a_unix_socket() {
    let redis = Redis::builder().unix_socket().password("right").start().unwrap();
    let socket = redis.unix_url().unwrap();
    let with = |login: &str, query: &str| {
        format!("{}{query}", socket.replacen("redis+unix://", &format!("redis+unix://{login}"), 1))
    };
    let store = RedisStore::connect(&with(":right@", "?db=3")).await.unwrap();
    stored(insert(&store, "in-3", "1").await.unwrap());
    let keys = redis.info("db3").unwrap();
    assert!(keys.is_some_and(|keys| keys.contains("keys=1")));
    let named = RedisStore::connect(&with("default:right@", "")).await.unwrap();
    works(&named).await;
    refused(&with(":hunter2@", ""), StoreErrorKind::Config, "the password in the URL").await;
}
