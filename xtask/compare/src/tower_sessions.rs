//! tower-sessions: the newest release in memory, and the newest release that its Redis store
//! supports.

use std::error::Error;

use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};

use crate::site::Site;

pub fn memory() -> Site {
    let store = tower_sessions::MemoryStore::default();
    Site::on_one("tower-sessions 0.15, memory", newest::routes(store))
}

pub async fn redis(url: &str) -> Result<Site, Box<dyn Error>> {
    let pool = Pool::new(Config::from_url(url)?, None, None, None, 1)?;
    pool.init().await?;
    let store = RedisStore::new(pool);
    Ok(Site::on_three("tower-sessions 0.14, Redis", || for_redis::routes(store.clone())))
}

macro_rules! handlers {
    ($module:ident, $release:ident) => {
        mod $module {
            use axum::Router;
            use axum::extract::Path;
            use axum::http::StatusCode;
            use axum::routing::get;
            use $release::{Session, SessionManagerLayer, SessionStore, session::Error};

            use crate::gate;

            pub fn routes(store: impl SessionStore + Clone) -> Router {
                Router::new()
                    .route("/set/{key}", get(set))
                    .route("/slow/{key}", get(slow))
                    .route("/has/{key}", get(has))
                    .route("/logout", get(logout))
                    .layer(SessionManagerLayer::new(store))
            }

            fn failed(_: Error) -> StatusCode {
                StatusCode::INTERNAL_SERVER_ERROR
            }

            async fn set(session: Session, Path(key): Path<String>) -> Result<(), StatusCode> {
                session.insert(&key, 1).await.map_err(failed)
            }

            async fn slow(session: Session, Path(key): Path<String>) -> Result<(), StatusCode> {
                // Loads it.
                session.get::<u8>("first").await.map_err(failed)?;
                gate::wait().await;
                session.insert(&key, 1).await.map_err(failed)
            }

            async fn has(
                session: Session,
                Path(key): Path<String>,
            ) -> Result<&'static str, StatusCode> {
                let value = session.get::<u8>(&key).await.map_err(failed)?;
                Ok(if value.is_some() { "yes" } else { "no" })
            }

            async fn logout(session: Session) -> Result<(), StatusCode> {
                session.flush().await.map_err(failed)
            }
        }
    };
}

handlers!(newest, tower_sessions);
handlers!(for_redis, tower_sessions_for_redis);
