//! Chooses where sessions are stored. No other part of the shop depends on it.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use session_cookie::CookieStorage;
use session_core::{SessionStorage, StoreError};
use session_store_fs::FsStore;
use session_store_memcache::MemcacheStore;
use session_store_memory::MemoryStore;
use session_store_redis::RedisStore;

const FORMS: &str = "memory, cookie, fs:DIRECTORY, redis://HOST:PORT, redis-cluster://.., \
    redis-sentinel://.., rediss://.. or memcache://HOST:PORT[,HOST:PORT]";

const SWEEP: Duration = Duration::from_secs(10 * 60);

/// A storage and its name.
pub(crate) struct Backend {
    pub(crate) storage: Arc<dyn SessionStorage>,
    pub(crate) name: String,
    /// The temporary directory. It is deleted with the backend.
    pub(crate) scratch: Option<Scratch>,
}

impl Backend {
    /// Opens the backend that `SESSION_STORE` names, or files in a temporary directory if it is not
    /// set.
    ///
    /// # Errors
    ///
    /// The name is unknown, or the backend cannot be used. The message is one line without
    /// passwords.
    pub(crate) async fn open(choice: Option<&str>) -> Result<Self, String> {
        let scratch = match choice {
            Some(_) => None,
            None => Some(Scratch::new()?),
        };
        let directory = scratch.as_ref().map(|scratch| format!("fs:{}", scratch.0.display()));
        let choice = choice.or(directory.as_deref()).unwrap_or_default();
        let (kind, rest) = choice.split_once(':').unwrap_or((choice, ""));
        let (storage, name): (Arc<dyn SessionStorage>, String) = match kind {
            "memory" if rest.is_empty() => (Arc::new(MemoryStore::new()), "in memory".to_owned()),
            "cookie" if rest.is_empty() => {
                (Arc::new(CookieStorage::new()), "in the cookie".to_owned())
            }
            "fs" if !rest.is_empty() => {
                let store = FsStore::open(rest).map_err(refused)?;
                store.sweep_every(SWEEP);
                (Arc::new(store), format!("in files under {rest}"))
            }
            "memcache" => {
                let servers = rest.trim_start_matches('/').trim_end_matches('/');
                let store = MemcacheStore::connect(servers.split(',')).await;
                (Arc::new(store.map_err(refused)?), format!("in memcached at {servers}"))
            }
            kind if kind.starts_with("redis") => {
                let store = RedisStore::connect(choice).await;
                (Arc::new(store.map_err(refused)?), format!("in Redis at {}", host(choice)))
            }
            // The rest is not shown, because it may contain a password.
            kind => {
                return Err(format!(
                    "SESSION_STORE begins with {kind:?}, which is no store that is known; \
                     give {FORMS}"
                ));
            }
        };
        Ok(Self { storage, name, scratch })
    }
}

fn refused(error: StoreError) -> String {
    format!("SESSION_STORE cannot be used: {error}")
}

/// The address in a URL, without the user, the password, and the options, which may contain a
/// password too.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('?').next().unwrap_or_default();
    rest.rsplit_once('@').map_or(rest, |(_, host)| host)
}

/// A temporary directory for this run. It is deleted when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, String> {
        let mut bytes = [0; 8];
        let _ = SystemRandom::new().fill(&mut bytes);
        let name = format!("bookstore-{:016x}", u64::from_be_bytes(bytes));
        let path = std::env::temp_dir().join(name);
        // Not `create_dir_all`, which would accept a directory that another user has prepared.
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(format!(
                "cannot make {}: {error}; set SESSION_STORE=fs:DIRECTORY or SESSION_STORE=memory",
                path.display()
            )),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
