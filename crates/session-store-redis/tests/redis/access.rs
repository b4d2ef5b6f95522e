//! A user who may do no more than `docs/redis.md` lists, and servers that forbid commands.

use std::time::Duration;

use session_core::{RecordStore, StoreErrorKind};
use session_servers::{Program, Redis, RedisCluster, RedisSentinel};
use session_store_redis::RedisStore;

use crate::support::{MovingSlot, insert, key, replace, stored, works};

on_redis_and_valkey! {
    a_user_with_five_commands,
    such_a_user_on_a_cluster,
    such_a_user_behind_sentinels,
}

/// The rules of docs/redis.md.
const RULES: &str =
    "on >hunter2 resetkeys ~session:* resetchannels -@all +get +mget +set +del +eval";

fn words(more: &str) -> Vec<String> {
    let rules = format!("ACL SETUSER app {RULES} {more}");
    rules.split_whitespace().map(str::to_owned).collect()
}

fn allow(redis: &Redis, more: &str) {
    let words = words(more);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    redis.command(&words).unwrap();
}

async fn a_user_with_five_commands(program: Program) {
    let redis = Redis::builder().program(program).user("app", RULES).start().unwrap();
    let url = redis.user_url("app", "hunter2");
    let store = RedisStore::connect(&url).await.unwrap();
    works(&store).await;
    let (a, b) = (key("a"), key("b"));
    let batch = tokio::join!(store.load(&a), store.load(&b), store.load(&a));
    assert!(batch.0.is_ok() && batch.1.is_ok() && batch.2.is_ok());

    let elsewhere = RedisStore::builder(&url).prefix("other:").connect().await.unwrap();
    let error = elsewhere.load(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Config, "{error}");
    let error = RedisStore::connect(&format!("{url}/3")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Config, "{error}");
    allow(&redis, "+select");
    works(&RedisStore::connect(&format!("{url}/3")).await.unwrap()).await;
}

async fn such_a_user_on_a_cluster(program: Program) {
    let cluster = RedisCluster::start_with([program; 3]).unwrap();
    for node in cluster.nodes() {
        allow(node, "+cluster|slots +cluster|info +asking");
    }
    let url = cluster.url().replacen("://", "://app:hunter2@", 1);
    let store = RedisStore::connect(&url).await.unwrap();
    works(&store).await;
    let moving = MovingSlot::start(&cluster, "works");
    works(&store).await;
    moving.complete();
    works(&store).await;
}

async fn such_a_user_behind_sentinels(program: Program) {
    let group = RedisSentinel::start_with(program).unwrap();
    for node in group.nodes() {
        allow(node, "+role");
    }
    let url = group.url().replacen("://", "://app:hunter2@", 1);
    works(&RedisStore::connect(&url).await.unwrap()).await;

    let builder = RedisStore::builder(&url).wait_for_replicas(1, Duration::from_secs(1));
    let waiting = builder.connect().await.unwrap();
    let error = insert(&waiting, "a", "1").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unconfirmed, "it was written: {error}");
    for node in group.nodes() {
        allow(node, "+role +wait");
    }
    works(&waiting).await;

    // Sentinels with a user of their own.
    for sentinel in group.sentinels() {
        let rules = "ACL SETUSER watch on >hunter3 -@all +sentinel|get-master-addr-by-name \
                     +sentinel|sentinels";
        sentinel.command(&rules.split(' ').collect::<Vec<_>>()).unwrap();
        sentinel.command(&["ACL", "SETUSER", "default", "resetpass", ">locked"]).unwrap();
    }
    let url = format!("{url}&sentinelUsername=watch&sentinelPassword=hunter3");
    works(&RedisStore::connect(&url).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forbids_much() {
    let mut builder = Redis::builder();
    for command in
        ["CONFIG", "KEYS", "SCAN", "INFO", "CLIENT", "SCRIPT", "SELECT", "FLUSHALL", "SUBSCRIBE"]
    {
        builder = builder.forbid(command);
    }
    let redis = builder.start().unwrap();
    works(&RedisStore::connect(&redis.url()).await.unwrap()).await;

    let redis = Redis::builder().forbid("EVAL").start().unwrap();
    let store = RedisStore::connect(&redis.url()).await.unwrap();
    let version = stored(insert(&store, "a", "1").await.unwrap());
    let error = replace(&store, "a", "2", version).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Config);
    let text = format!("{error} {error:?}");
    assert!(text.contains("EVAL") && !text.contains(&key("a").hex()), "{text}");
}
