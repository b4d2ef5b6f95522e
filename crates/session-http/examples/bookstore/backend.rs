//! Where sessions are kept: the one place in the shop that knows.

use std::sync::Arc;

use session_cookie::CookieStorage;
use session_core::{SessionStorage, StoreError};
use session_store_memcache::MemcacheStore;
use session_store_memory::MemoryStore;
use session_store_redis::RedisStore;

const FORMS: &str = "memory, cookie, fs:DIRECTORY, redis://HOST:PORT, redis-cluster://, redis-sentinel://, rediss:// or \
    memcache://HOST:PORT[,HOST:PORT]";

/// A storage, and what to call it.
pub(crate) struct Backend {
    pub(crate) storage: Arc<dyn SessionStorage>,
    pub(crate) name: String,
}

impl Backend {
    /// The backend that `SESSION_STORE` names.
    ///
    /// # Errors
    ///
    /// It names none, or that one cannot be used: one line, without passwords.
    pub(crate) async fn open(choice: Option<&str>) -> Result<Self, String> {
        let choice = choice.unwrap_or("memory");
        let (scheme, rest) = choice.split_once(':').unwrap_or((choice, ""));
        let (storage, name): (Arc<dyn SessionStorage>, String) = match (scheme, rest) {
            ("memory", "") => (Arc::new(MemoryStore::new()), "in memory".to_owned()),
            ("cookie", "") => (Arc::new(CookieStorage::new()), "in the cookie".to_owned()),
            ("memcache", rest) => {
                let servers = rest.trim_start_matches("//").trim_end_matches('/');
                let store = MemcacheStore::connect(servers.split(',')).await;
                (Arc::new(store.map_err(refused)?), format!("in memcached at {servers}"))
            }
            (scheme, _) if scheme.starts_with("redis") => {
                let store = RedisStore::connect(choice).await;
                (Arc::new(store.map_err(refused)?), format!("in Redis at {}", host(choice)))
            }
            _ => return Err(format!("SESSION_STORE begins with {scheme:?}; expected {FORMS}")),
        };
        Ok(Self { storage, name })
    }
}

fn refused(error: StoreError) -> String {
    format!("SESSION_STORE cannot be used: {error}")
}

/// The address in a URL: not the user, the password, or the options, which may hold another one.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['/', '?']).next().unwrap_or_default();
    rest.rsplit_once('@').map_or(rest, |(_, host)| host)
}
