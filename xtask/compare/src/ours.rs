//! This library, on each backend that stores sessions on the server.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path as Segment;
use axum::routing::get;
use session_http::{
    Error as Failure, Session, SessionCookie, SessionLayer, SessionManager, SessionStorage,
};
use session_store_fs::FsStore;
use session_store_memcache::MemcacheStore;
use session_store_memory::MemoryStore;
use session_store_redis::RedisStore;

use crate::gate;
use crate::site::Site;

pub fn memory() -> Site {
    Site::on_one("this library, memory", routes(MemoryStore::new()))
}

pub fn fs(root: &Path) -> Result<Site, Box<dyn Error>> {
    let store = FsStore::open(root)?;
    Ok(Site::on_three("this library, files", || routes(store.clone())))
}

pub async fn redis(url: &str) -> Result<Site, Box<dyn Error>> {
    let store: Arc<dyn SessionStorage> = Arc::new(RedisStore::connect(url).await?);
    Ok(Site::on_three("this library, Redis", || routes(store.clone())))
}

pub async fn memcache(server: &str) -> Result<Site, Box<dyn Error>> {
    let store = MemcacheStore::connect([server]).await?;
    Ok(Site::on_three("this library, memcached", || routes(store.clone())))
}

fn routes(storage: impl SessionStorage) -> Router {
    let cookie =
        SessionCookie::new("a secret of at least 32 bytes, for the trial").expect("long enough");
    Router::new()
        .route("/set/{key}", get(set))
        .route("/slow/{key}", get(slow))
        .route("/has/{key}", get(has))
        .route("/logout", get(logout))
        .layer(SessionLayer::new(SessionManager::new(storage, cookie)))
}

async fn set(session: Session, Segment(key): Segment<String>) -> Result<(), Failure> {
    Ok(session.set(&*key, &1)?)
}

async fn slow(session: Session, Segment(key): Segment<String>) -> Result<(), Failure> {
    gate::wait().await;
    Ok(session.set(&*key, &1)?)
}

async fn has(session: Session, Segment(key): Segment<String>) -> &'static str {
    if session.has(&*key) { "yes" } else { "no" }
}

async fn logout(session: Session) -> Result<(), Failure> {
    Ok(session.destroy()?)
}
