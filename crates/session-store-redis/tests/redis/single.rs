//! One server: what is sent, stored and refused.

use std::time::Duration;

use bytes::Bytes;
use session_core::{
    Condition, PutOutcome, RecordKey, RecordStore, SessionId, StoreErrorKind, Version,
};
use session_servers::{Program, Redis};
use session_store_redis::RedisStore;
use session_store_redis::fred::prelude::*;

use crate::support::{HOUR, body, insert, key, redis_key, replace, start, stored, words, works};

on_redis_and_valkey! {
    every_operation,
    one_command_each,
    any_bytes_and_any_lifetime,
    a_value_that_is_no_string_is_named_and_left_alone,
    a_full_server_is_unavailable,
    an_applications_own_client,
    nothing_is_left_when_the_store_is_dropped,
}

async fn every_operation(program: Program) {
    let redis =
        Redis::builder().program(program).unix_socket().password("hunter2").start().unwrap();
    works(&RedisStore::connect(&redis.url()).await.unwrap()).await;
    let url = redis.unix_url().unwrap();
    let socket = RedisStore::connect(&url).await;
    // A URL of a socket has no place for a password.
    assert_eq!(socket.err().unwrap().kind(), StoreErrorKind::Config);

    let redis = Redis::builder().program(program).unix_socket().start().unwrap();
    works(&RedisStore::connect(&redis.unix_url().unwrap()).await.unwrap()).await;
    works(&RedisStore::connect(&format!("{}/3", redis.url())).await.unwrap()).await;
}

async fn one_command_each(program: Program) {
    let redis = start(program);
    let store = RedisStore::connect(&redis.url()).await.unwrap();
    let monitor = redis.monitor().unwrap();
    let sent = || words(&monitor.commands().unwrap());
    // The clients take turns, and each tries IFEQ once.
    let replacement: &[&[&str]] = match program {
        Program::Valkey => &[&["SET"], &["SET"], &["SET"]],
        _ => &[&["SET", "EVAL"], &["SET", "EVAL"], &["EVAL"]],
    };
    let mut version = stored(insert(&store, "a", "0").await.unwrap());
    assert_eq!(sent(), ["SET"]);
    for (number, commands) in replacement.iter().enumerate() {
        let body = format!("{}", number + 1);
        version = stored(replace(&store, "a", &body, version).await.unwrap());
        assert_eq!(sent(), *commands, "{number}");
    }
    body(&store, "a").await.unwrap();
    assert_eq!(sent(), ["GET"]);
    assert_eq!(store.sweep(100).await.unwrap(), 0);
    assert_eq!(sent(), [""; 0]);
    store.remove(&key("a")).await.unwrap();
    assert_eq!(sent(), ["DEL"]);
}

async fn any_bytes_and_any_lifetime(program: Program) {
    let redis = start(program);
    let store = RedisStore::connect(&redis.url()).await.unwrap();
    let bodies: [&[u8]; 6] =
        [b"", b"nil", b"QUEUED", b"123", b"\0\xff\r\n$-1\r\n", &[b'x'; 1 << 20]];
    for (index, bytes) in bodies.into_iter().enumerate() {
        let key = key(&format!("bytes-{index}"));
        let bytes = Bytes::copy_from_slice(bytes);
        let put = store.put(&key, bytes.clone(), std::time::Duration::MAX, Condition::IfAbsent);
        let version = stored(put.await.unwrap());
        let record = store.load(&key).await.unwrap().unwrap();
        assert_eq!((record.body, &record.version), (bytes.clone(), &version), "{index}");
        let put = store.put(&key, bytes.clone(), HOUR, Condition::IfVersion(version));
        stored(put.await.unwrap());
        assert_eq!(store.load(&key).await.unwrap().unwrap().body, bytes, "{index}");
    }
    let life = redis.command(&["PTTL", &redis_key("bytes-0")]).unwrap().integer().unwrap();
    assert!((3_590_000..=3_600_000).contains(&life), "{life}");

    let put = insert(&store, "v", "1").await.unwrap();
    assert!(matches!(put, PutOutcome::Stored(_)));
    let foreign = replace(&store, "v", "2", Version::from(1)).await.unwrap();
    assert_eq!(foreign, PutOutcome::Refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_redis_does_not_take_is_not_sent() {
    let redis = Redis::start().unwrap();
    let store = RedisStore::connect(&redis.url()).await.unwrap();
    for (store, longest) in [
        (store.clone(), 1 << 20),
        (store.clone().max_body(100), 100),
        (store.max_body(usize::MAX), 512 << 20),
    ] {
        let huge = Bytes::from(vec![0; longest + 1]);
        let refused = store.put(&key("huge"), huge, HOUR, Condition::IfAbsent).await.unwrap_err();
        assert_eq!(refused.kind(), StoreErrorKind::TooLarge);
        assert!(refused.to_string().contains(&longest.to_string()), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_limit_may_be_beyond_the_end_of_time() {
    let redis = Redis::start().unwrap();
    let builder = RedisStore::builder(&redis.url()).command_timeout(Duration::MAX);
    let store = builder.clone().connect().await.unwrap();
    works(&store).await;
    works(&store.command_timeout(Duration::MAX)).await;
    let store = builder.wait_for_replicas(0, Duration::MAX);
    works(&store.connect().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prefixes_and_plain_keys() {
    let redis = Redis::start().unwrap();
    let store = RedisStore::connect(&redis.url()).await.unwrap();
    let other = RedisStore::builder(&redis.url()).prefix("other:").connect().await.unwrap();
    assert_ne!(insert(&store, "a", "1").await.unwrap(), PutOutcome::Refused);
    assert_eq!(body(&other, "a").await, None);
    let stored = redis.command(&["GET", &redis_key("a")]).unwrap();
    assert_eq!(stored.text().unwrap(), "1");

    // As remix writes it.
    redis.command(&["SET", "session:0b4c-id", "[{},{}]"]).unwrap();
    let plain = RecordKey::plain_of(&SessionId::parse_foreign("0b4c-id").unwrap());
    let record = store.load(&plain).await.unwrap().unwrap();
    assert_eq!(&record.body[..], b"[{},{}]");
}

async fn a_value_that_is_no_string_is_named_and_left_alone(program: Program) {
    let redis = start(program);
    let store = RedisStore::connect(&redis.url()).await.unwrap();
    let id = SessionId::parse_foreign("secret-id").unwrap();
    for key in [RecordKey::hashed(&id), RecordKey::plain_of(&id)] {
        let name = key.plain().map_or_else(|| key.hex(), str::to_owned);
        let name = format!("session:{name}");
        redis.command(&["RPUSH", &name, "theirs"]).unwrap();
        let loaded = store.load(&key).await.unwrap_err();
        let version = Condition::IfVersion(Version::from_bytes(&[b'0'; 40]));
        let put = store.put(&key, Bytes::from_static(b"x"), HOUR, version).await.unwrap_err();
        for error in [loaded, put] {
            assert_eq!(error.kind(), StoreErrorKind::Corrupt);
            let text = format!("{error} {error:?}");
            assert!(text.contains("session:") && text.contains(&key.hex()[..8]), "{text}");
            assert!(!text.contains("secret-id") && !text.contains(&key.hex()), "{text}");
        }
        let absent = store.put(&key, Bytes::from_static(b"x"), HOUR, Condition::IfAbsent);
        assert_eq!(absent.await.unwrap(), PutOutcome::Refused);
        let theirs = redis.command(&["LRANGE", &name, "0", "-1"]).unwrap();
        assert_eq!(theirs.texts(), ["theirs"]);
    }
}

async fn a_full_server_is_unavailable(program: Program) {
    let redis = Redis::builder().program(program).line("maxmemory 2mb").start().unwrap();
    let store = RedisStore::connect(&redis.url()).await.unwrap();
    let version = stored(insert(&store, "a", "1").await.unwrap());
    let large = "x".repeat(200_000);
    let mut refused = None;
    for index in 0..20 {
        refused = refused.or(insert(&store, &format!("large-{index}"), &large).await.err());
    }
    let replaced = replace(&store, "a", &large, version).await.unwrap_err();
    for error in [refused.unwrap(), replaced] {
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(error.to_string().contains("maxmemory"), "{error}");
    }
    assert_eq!(body(&store, "a").await.unwrap(), "1");
}

async fn an_applications_own_client(program: Program) {
    let redis = start(program);
    let config = Config::from_url(&redis.url()).unwrap();
    let client = Client::new(config.clone(), None, None, None);
    client.init().await.unwrap();
    works(&RedisStore::with_client(client.clone()).unwrap()).await;
    let pool = Pool::new(config, None, None, None, 3).unwrap();
    pool.init().await.unwrap();
    works(&RedisStore::with_client(pool).unwrap().prefix("pool:")).await;
    let mine: String = client.ping(None).await.unwrap();
    assert_eq!(mine, "PONG", "the store ends no client that is not its own");
}

async fn nothing_is_left_when_the_store_is_dropped(program: Program) {
    let redis = start(program);
    let clients = || redis.info("connected_clients").unwrap().unwrap();
    let before = clients();
    let store = RedisStore::builder(&redis.url()).pool_size(5).connect().await.unwrap();
    body(&store, "a").await;
    assert_ne!(clients(), before);
    drop(store);
    let limit = std::time::Duration::from_secs(5);
    session_servers::until(limit, "connections stay open", || match clients() {
        now if now == before => Ok(()),
        now => Err(format!("{now}, {before} before").into()),
    })
    .unwrap();
}

#[test]
fn a_client_outside_a_runtime_is_refused() {
    let client = Client::new(Config::default(), None, None, None);
    let refused = RedisStore::with_client(client).unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Config);
    assert!(refused.to_string().contains("tokio runtime"), "{refused}");
}
