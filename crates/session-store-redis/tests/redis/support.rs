//! Keys, bodies and clocks that the tests share.

use std::time::{Duration, Instant};

use bytes::Bytes;
use session_core::{Condition, PutOutcome, RecordKey, RecordStore, SessionId, StoreError, Version};
use session_servers::{Program, Redis, RedisCluster};

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn start(program: Program) -> Redis {
    Redis::builder().program(program).start().unwrap()
}

pub(crate) fn key(name: &str) -> RecordKey {
    RecordKey::hashed(&SessionId::parse_foreign(name).unwrap())
}

pub(crate) fn stored(outcome: PutOutcome) -> Version {
    match outcome {
        PutOutcome::Stored(version) => version,
        PutOutcome::Refused => panic!("refused"),
    }
}

pub(crate) async fn insert(
    store: &dyn RecordStore,
    name: &str,
    body: &str,
) -> Result<PutOutcome, StoreError> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    store.put(&key(name), body, HOUR, Condition::IfAbsent).await
}

pub(crate) async fn replace(
    store: &dyn RecordStore,
    name: &str,
    body: &str,
    version: Version,
) -> Result<PutOutcome, StoreError> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    store.put(&key(name), body, HOUR, Condition::IfVersion(version)).await
}

pub(crate) async fn body(store: &dyn RecordStore, name: &str) -> Option<String> {
    let record = store.load(&key(name)).await.unwrap()?;
    Some(String::from_utf8(record.body.to_vec()).unwrap())
}

/// Every operation once, and each condition where it does not hold.
pub(crate) async fn works(store: &dyn RecordStore) {
    let name = "works";
    assert_eq!(body(store, name).await, None);
    let first = stored(insert(store, name, "1").await.unwrap());
    assert_eq!(insert(store, name, "2").await.unwrap(), PutOutcome::Refused);
    let record = store.load(&key(name)).await.unwrap().unwrap();
    assert_eq!((&record.body[..], &record.version), (&b"1"[..], &first));

    let second = stored(replace(store, name, "2", first.clone()).await.unwrap());
    assert_eq!(replace(store, name, "3", first).await.unwrap(), PutOutcome::Refused);
    assert_eq!(body(store, name).await.unwrap(), "2");
    assert!(store.remove(&key(name)).await.unwrap());
    assert!(!store.remove(&key(name)).await.unwrap());
    assert_eq!(replace(store, name, "4", second).await.unwrap(), PutOutcome::Refused);
    assert_eq!(body(store, name).await, None);
}

/// The name of each command that a monitor saw.
pub(crate) fn words(commands: &[String]) -> Vec<String> {
    let first = |line: &String| line.split(' ').next().unwrap().trim_matches('"').to_owned();
    commands.iter().map(first).collect()
}

/// Tries to write until it succeeds; how long that took since `since`.
pub(crate) async fn until_it_works(
    store: &dyn RecordStore,
    since: Instant,
    limit: Duration,
) -> Duration {
    loop {
        match store.remove(&key("works")).await {
            Ok(_) => return since.elapsed(),
            Err(error) => {
                assert!(since.elapsed() < limit, "not within {limit:?}; at last: {error}")
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What the server calls the record of this name.
pub(crate) fn redis_key(name: &str) -> String {
    format!("session:{}", key(name).hex())
}

/// A slot on its way from one master to another: keys that have gone over are answered `ASK`, and
/// so are those that are not there.
pub(crate) struct MovingSlot<'a> {
    pub(crate) from: &'a Redis,
    pub(crate) to: &'a Redis,
    slot: String,
}

impl<'a> MovingSlot<'a> {
    /// Begins to move the slot of the record of this name.
    pub(crate) fn start(cluster: &'a RedisCluster, name: &str) -> Self {
        let key = redis_key(name);
        let from = cluster.master_of(&key).unwrap();
        let masters = cluster.masters().unwrap();
        let mut others = masters.into_iter().filter(|node| node.port() != from.port());
        let to = others.next().unwrap();
        let slot = from.command(&["CLUSTER", "KEYSLOT", &key]).unwrap();
        let slot = slot.integer().unwrap().to_string();
        to.command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id(from)]).unwrap();
        from.command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id(to)]).unwrap();
        Self { from, to, slot }
    }

    /// Moves the record over, but not yet its slot.
    pub(crate) fn migrate(&self, name: &str) {
        let port = self.to.port().to_string();
        let migrate = ["MIGRATE", "127.0.0.1", &port, &redis_key(name), "0", "1000"];
        self.from.command(&migrate).unwrap();
    }

    /// From here on, the old master answers `MOVED`.
    pub(crate) fn complete(self) {
        for node in [self.to, self.from] {
            node.command(&["CLUSTER", "SETSLOT", &self.slot, "NODE", &id(self.to)]).unwrap();
        }
    }
}

fn id(node: &Redis) -> String {
    node.command(&["CLUSTER", "MYID"]).unwrap().text().unwrap()
}

/// A small generator: the tests need variety, not secrecy.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
