//! axum_session on Redis. Each server has its own store, as in production.

use std::error::Error;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use axum_session::{Key, SessionConfig, SessionLayer, SessionStore};
use axum_session_redispool::{SessionRedisPool, SessionRedisSession as Session};
use redis_pool::RedisPool;

use crate::gate;
use crate::site::Site;

pub async fn redis(url: &str) -> Result<Site, Box<dyn Error>> {
    let key = Key::generate();
    let mut routers = Vec::new();
    for _ in 0..3 {
        let pool = SessionRedisPool::from(RedisPool::from(redis::Client::open(url)?));
        let config = SessionConfig::default().with_key(key.clone());
        routers.push(routes(SessionStore::new(Some(pool), config).await?));
    }
    let routers = std::cell::RefCell::new(routers);
    let next = || routers.borrow_mut().pop().expect("three");
    Ok(Site::on_three("axum_session 0.22, Redis", next))
}

fn routes(store: SessionStore<SessionRedisPool>) -> Router {
    Router::new()
        .route("/set/{key}", get(set))
        .route("/slow/{key}", get(slow))
        .route("/has/{key}", get(has))
        .route("/logout", get(logout))
        .layer(SessionLayer::new(store))
}

async fn set(session: Session, Path(key): Path<String>) {
    session.set(&key, 1);
}

async fn slow(session: Session, Path(key): Path<String>) {
    gate::wait().await;
    session.set(&key, 1);
}

async fn has(session: Session, Path(key): Path<String>) -> &'static str {
    if session.get::<u8>(&key).is_some() { "yes" } else { "no" }
}

async fn logout(session: Session) {
    session.destroy();
}
