//! One site with routes in remix and in Rust, which share the cookie and the storage, and one
//! browser.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};
use session_cookie::CookieStorage;
use session_core::{Clock, RecordStore, Result, SessionId};
use session_http::{Outcome, Session, SessionCookie, SessionManager, SessionPolicy};
use session_servers::{Memcached, Redis};
use session_store_fs::FsStore;
use session_store_memcache::MemcacheStore;
use session_store_redis::RedisStore;

use crate::remix::{Opened, Remix, TestResponse};

pub const NAME: &str = "__session";
pub const SECRET: &str = "s2";
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Both sides, and the browser's cookie.
pub struct Site {
    pub remix: Remix,
    pub manager: SessionManager,
    pub policy: SessionPolicy,
    /// The browser's cookie: `name=value`.
    pub cookie: Option<String>,
    /// `None` with cookie storage.
    pub store: Option<Arc<dyn RecordStore>>,
    /// The directory of the file storage.
    pub root: Option<Directory>,
}

impl Site {
    /// With Redis. Keys contain the plain ids.
    pub async fn redis() -> Self {
        Self::on_redis(json!({})).await
    }

    /// With Redis and `options` for remix's storage.
    pub async fn on_redis(options: Value) -> Self {
        let at = redis().url();
        let store = RedisStore::connect(&at).await.unwrap();
        let setup = json!({"storage": "redis", "at": at, "options": options});
        Self::server_side(setup, Arc::new(store), None)
    }

    pub async fn memcached() -> Self {
        let at = memcached().addr();
        let store = MemcacheStore::connect([&at]).await.unwrap();
        let setup = json!({"storage": "memcached", "at": at});
        Self::server_side(setup, Arc::new(store), None)
    }

    pub async fn fs() -> Self {
        let root = Directory::new();
        let store = FsStore::open(&root.0).unwrap();
        let setup = json!({"storage": "fs", "at": root.0});
        Self::server_side(setup, Arc::new(store), Some(root))
    }

    /// With cookie storage.
    pub async fn cookie() -> Self {
        let policy = policy();
        Self {
            manager: manager(CookieStorage::new(), &policy),
            policy,
            remix: Remix::start(&with_cookie(json!({"storage": "cookie"}))),
            cookie: None,
            store: None,
            root: None,
        }
    }

    fn server_side(setup: Value, store: Arc<dyn RecordStore>, root: Option<Directory>) -> Self {
        let policy = policy();
        Self {
            manager: manager(Arc::clone(&store), &policy),
            policy,
            remix: Remix::start(&with_cookie(setup)),
            cookie: None,
            store: Some(store),
            root,
        }
    }

    /// Sends a request to remix that runs `steps`. Returns the result of each.
    pub fn js(&mut self, steps: Value) -> Vec<Value> {
        let opened = self.js_open();
        self.js_resume(opened, steps)
    }

    /// Starts a request to remix. It pauses once its session is open.
    pub fn js_open(&self) -> Opened {
        self.remix.open(self.cookie.as_deref())
    }

    /// Lets the request run `steps`. Returns the result of each.
    pub fn js_resume(&mut self, opened: Opened, steps: Value) -> Vec<Value> {
        let TestResponse { results, cookies } = self.remix.resume(opened, &steps);
        cookies.iter().for_each(|line| self.receive(line));
        results
    }

    /// Sends a request to Rust that runs `act`.
    pub async fn rust<T>(&mut self, act: impl FnOnce(&Session) -> Result<T>) -> T {
        let session = self.rust_open().await;
        let result = act(&session).unwrap();
        self.rust_close(session).await.unwrap();
        result
    }

    /// Starts a request to Rust: opens its session.
    pub async fn rust_open(&self) -> Session {
        self.rust_try_open().await.unwrap()
    }

    pub async fn rust_try_open(&self) -> Result<Session> {
        self.manager.open(&self.headers()).await
    }

    /// Completes a request to Rust: saves its session.
    pub async fn rust_close(&mut self, session: Session) -> Result<Outcome> {
        let mut headers = HeaderMap::new();
        let outcome = self.manager.close(&session, &mut headers).await;
        for line in headers.get_all(header::SET_COOKIE) {
            self.receive(line.to_str().unwrap());
        }
        outcome
    }

    /// Stores or removes the cookie of a `Set-Cookie` field, as the browser does.
    pub fn receive(&mut self, line: &str) {
        let (pair, attributes) = line.split_once(';').unwrap();
        assert!(pair.starts_with(&format!("{NAME}=")), "{pair}");
        self.cookie = (!attributes.contains("Max-Age=0")).then(|| pair.to_owned());
    }

    /// The id of the session in the browser's cookie.
    pub fn id(&self) -> SessionId {
        let value = self.remix.parse(self.cookie.as_deref().unwrap()).unwrap();
        let id = match &self.store {
            Some(_) => value,
            None => {
                let data: Value = serde_json::from_str(&value).unwrap();
                data["i"].as_str().unwrap().to_owned()
            }
        };
        SessionId::parse_foreign(&id).unwrap()
    }

    /// Whether the session is in a store, not in its cookie.
    pub fn has_store(&self) -> bool {
        self.store.is_some()
    }

    /// The stored record of the browser's session.
    pub async fn record(&self) -> Option<Value> {
        let key = self.policy.record_key(&self.id());
        let record = self.store.as_ref().unwrap().load(&key).await.unwrap()?;
        Some(serde_json::from_slice(&record.body).unwrap())
    }

    /// Advances the clock of the Rust side.
    pub fn advance(&self, time: Duration) {
        self.policy.time().advance(time);
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(cookie) = &self.cookie {
            headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        headers
    }
}

pub fn policy() -> SessionPolicy {
    SessionPolicy::remix_compatible().clock(Clock::manual())
}

pub fn manager(
    storage: impl session_core::SessionStorage,
    policy: &SessionPolicy,
) -> SessionManager {
    let cookie = SessionCookie::remix_compatible([SECRET]).unwrap();
    SessionManager::new(storage, cookie).policy(policy.clone())
}

fn with_cookie(mut setup: Value) -> Value {
    setup["name"] = json!(NAME);
    setup["cookie"] = json!({"secrets": [SECRET], "httpOnly": true, "secure": true});
    setup
}

/// One server for all tests of this process.
pub fn redis() -> &'static Redis {
    static SERVER: OnceLock<Redis> = OnceLock::new();
    SERVER.get_or_init(|| Redis::start().unwrap())
}

pub fn memcached() -> &'static Memcached {
    static SERVER: OnceLock<Memcached> = OnceLock::new();
    SERVER.get_or_init(|| Memcached::start().unwrap())
}

/// A temporary directory. It is deleted when dropped.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("session-interop-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One test for each of remix's storages that keep sessions on a server.
macro_rules! on_each_server {
    ($($tests:tt)*) => { $crate::site::on_each!([redis, memcached, fs] $($tests)*); };
}

/// One test for each of remix's storages.
macro_rules! on_each_storage {
    ($($tests:tt)*) => { $crate::site::on_each!([redis, memcached, fs, cookie] $($tests)*); };
}

macro_rules! on_each {
    ($storages:tt $($(#[$doc:meta])* async fn $name:ident($site:ident) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn check(mut $site: $crate::site::Site) $body

            $crate::site::each_test!($storages);
        }
    )*};
}

macro_rules! each_test {
    ([$($storage:ident),*]) => {$(
        #[tokio::test]
        async fn $storage() {
            check($crate::site::Site::$storage().await).await;
        }
    )*};
}

pub(crate) use {each_test, on_each, on_each_server, on_each_storage};
