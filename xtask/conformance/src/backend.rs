//! The backends, and how each is made ready for the checks.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use session_conformance::{Fixture, Promise, Subject};
use session_cookie::CookieStorage;
use session_servers::{DataDir, Memcached, Program, Redis, RedisCluster, RedisSentinel, Result};
use session_store_fs::FsStore;
use session_store_memcache::MemcacheStore;
use session_store_memory::MemoryStore;
use session_store_redis::RedisStore;
use session_store_sqlite::SqliteStore;

/// On a busy machine a server may take longer to answer than is right for an application; that is not what is checked.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts what a backend needs, and keeps it running as long as the subject lives.
pub(crate) type Start = fn() -> Result<Subject>;

/// Every backend by the name that `--backend` takes, in the order of the table's columns.
pub(crate) const BACKENDS: &[(&str, Start)] = &[
    ("memory", memory),
    ("fs", fs),
    ("cookie", cookie),
    ("redis", || one_server(Program::Redis)),
    ("redis-cluster", || cluster(Program::Redis)),
    ("redis-sentinel", || sentinel(Program::Redis)),
    ("valkey", || one_server(Program::Valkey)),
    ("valkey-cluster", || cluster(Program::Valkey)),
    ("valkey-sentinel", || sentinel(Program::Valkey)),
    ("memcache", || memcache(1)),
    ("memcache-3", || memcache(3)),
    ("sqlite", sqlite),
];

fn memory() -> Result<Subject> {
    let subject = Subject::new(|| async {
        let store = MemoryStore::new();
        let clock = store.clone();
        Fixture::new(store).advance(move |by| clock.advance(by))
    });
    Ok(subject.thorough())
}

fn fs() -> Result<Subject> {
    let root = Arc::new(DataDir::create("fs")?);
    Ok(Subject::new(move || {
        let (path, root) = (root.path().join(fresh_name()), Arc::clone(&root));
        let open = move || std::future::ready(fs_store(path.clone()));
        async move {
            let store = open().await;
            let clock = store.clone();
            Fixture::new(store).advance(move |by| clock.advance(by)).reopen(open).keep(root)
        }
    }))
}

fn sqlite() -> Result<Subject> {
    let root = Arc::new(DataDir::create("sqlite")?);
    Ok(Subject::new(move || {
        let (path, root) = (root.path().join(fresh_name()), Arc::clone(&root));
        let open = move || std::future::ready(sqlite_store(path.clone()));
        async move { Fixture::new(open().await).reopen(open).keep(root) }
    }))
}

fn cookie() -> Result<Subject> {
    let subject = Subject::new(|| async { Fixture::storage(CookieStorage::new()) });
    Ok(subject
        .cannot(Promise::Records, "the data is in the cookie")
        .cannot(Promise::Merge, "the browser keeps the last of two cookies")
        .cannot(Promise::Revoke, "a copied cookie is good until it expires")
        .cannot(Promise::Commit, "data can only leave with the response")
        .cannot(Promise::Share, "there is nothing on the server to share"))
}

fn one_server(program: Program) -> Result<Subject> {
    let server = Redis::builder().program(program).start()?;
    Ok(redis(server.url(), server))
}

fn cluster(program: Program) -> Result<Subject> {
    let server = RedisCluster::start_with([program; 3])?;
    Ok(redis(server.url(), server))
}

fn sentinel(program: Program) -> Result<Subject> {
    let server = RedisSentinel::start_with(program)?;
    Ok(redis(server.url(), server))
}

fn redis(url: String, server: impl Send + Sync + 'static) -> Subject {
    let server = Arc::new(server);
    Subject::new(move || {
        let (url, name, server) = (url.clone(), fresh_name(), Arc::clone(&server));
        let open = move || redis_store(url.clone(), name.clone());
        async move { Fixture::new(open().await).reopen(open).keep(server) }
    })
}

/// Takes items that hold the largest body of the checks, which by default memcached does not.
fn memcache(count: usize) -> Result<Subject> {
    let builder = Memcached::builder().item_size_kb(2048).memory_mb(256);
    let servers: Result<Vec<Memcached>> = (0..count).map(|_| builder.start()).collect();
    let servers = Arc::new(servers?);
    let addrs: Vec<String> = servers.iter().map(Memcached::addr).collect();
    Ok(Subject::new(move || {
        let (addrs, name, servers) = (addrs.clone(), fresh_name(), Arc::clone(&servers));
        let open = move || memcache_store(addrs.clone(), name.clone());
        async move { Fixture::new(open().await).reopen(open).keep(servers) }
    }))
}

/// Each check sees an empty store, on a server that it shares with the others.
fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("check-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

#[allow(clippy::expect_used)] // a panic here fails the check, with this message
fn fs_store(root: PathBuf) -> FsStore {
    FsStore::open(root).expect("the directory is ours")
}

#[allow(clippy::expect_used)] // as above
fn sqlite_store(path: PathBuf) -> SqliteStore {
    SqliteStore::open(path).expect("the directory is ours")
}

#[allow(clippy::expect_used)] // as above
async fn redis_store(url: String, name: String) -> RedisStore {
    let store = RedisStore::builder(&url)
        .prefix(format!("{name}:"))
        .connect_timeout(PATIENCE)
        .command_timeout(PATIENCE)
        .connect();
    store.await.expect("the server that was started is there")
}

#[allow(clippy::expect_used)] // as above
async fn memcache_store(addrs: Vec<String>, name: String) -> MemcacheStore {
    let store = MemcacheStore::builder(addrs)
        .prefix(format!("{name}:"))
        .connect_timeout(PATIENCE)
        .command_timeout(PATIENCE)
        .connect();
    store.await.expect("the servers that were started are there")
}
