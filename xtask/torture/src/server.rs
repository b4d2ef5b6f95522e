//! An application server: the session layer over the backend under test, and handlers that do one thing each.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use session_core::RecordStore;
use session_http::{Error, Session, SessionCookie, SessionLayer, SessionManager};
use session_store_fs::FsStore;
use session_store_memcache::MemcacheStore;
use session_store_redis::RedisStore;

use crate::sabotage::Sabotage;

/// How a server process is told what to do.
pub(crate) struct Settings {
    pub(crate) store: String,
    pub(crate) port: u16,
    pub(crate) replicas: u32,
    pub(crate) sabotage: Option<String>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(crate) async fn serve(settings: Settings) -> Result<(), Failure> {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let mut store = connect(&settings).await?;
    if let Some(sabotage) = &settings.sabotage {
        store = Arc::new(Sabotage::new(store, sabotage)?);
    }
    let cookie = SessionCookie::new("the torture's own secret, of 32 bytes and more")?;
    let manager = SessionManager::new(store, cookie);
    let app = Router::new()
        .route("/ready", get(async || "ready"))
        .route("/begin/{marker}", get(begin))
        .route("/count", get(count))
        .route("/set/{key}/{value}", get(set))
        .route("/read", get(read))
        .route("/flash/{value}", get(flash))
        .route("/notice", get(notice))
        .route("/login", get(login))
        .route("/logout", get(logout))
        .layer(SessionLayer::new(manager));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", settings.port)).await?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn connect(settings: &Settings) -> Result<Arc<dyn RecordStore>, Failure> {
    let url = settings.store.as_str();
    let limit = Duration::from_secs(1);
    Ok(match url.split_once(':') {
        Some(("fs", directory)) => Arc::new(FsStore::open(directory)?),
        Some(("memcache", servers)) => {
            let servers = servers.trim_start_matches('/').split(',');
            let builder = MemcacheStore::builder(servers).command_timeout(limit);
            Arc::new(builder.pool_size(8).connect().await?)
        }
        _ => {
            let mut builder = RedisStore::builder(url).command_timeout(limit).pool_size(2);
            if settings.replicas > 0 {
                builder = builder.wait_for_replicas(settings.replicas, Duration::from_millis(500));
            }
            Arc::new(builder.connect().await?)
        }
    })
}

/// How long a handler waits between opening its session and acting on it.
#[derive(Deserialize)]
struct Hold {
    #[serde(default)]
    hold: u64,
}

type Reply = Result<Json<Value>, Error>;

/// The marker that the session held when it was opened.
async fn hold(session: &Session, Query(Hold { hold }): Query<Hold>) -> Result<Value, Error> {
    let marker = session.peek::<Value>("marker")?.unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(hold)).await;
    Ok(marker)
}

fn reply(marker: Value, value: impl Into<Value>) -> Reply {
    let value: Value = value.into();
    Ok(Json(json!({ "marker": marker, "value": value })))
}

async fn begin(session: Session, Path(own): Path<String>, wait: Query<Hold>) -> Reply {
    let marker = hold(&session, wait).await?;
    session.set("marker", &own)?;
    reply(marker, Value::Null)
}

async fn count(session: Session, wait: Query<Hold>) -> Reply {
    let marker = hold(&session, wait).await?;
    let add = |n: Option<u64>| Some(n.unwrap_or(0) + 1);
    let mut count = session.update("count", add)?;
    if marker.is_string() {
        // Committed, so that the answer tells what was counted after a merge too.
        session.commit().await?;
        count = session.get("count")?;
    }
    reply(marker, count)
}

async fn set(
    session: Session,
    Path((key, value)): Path<(String, String)>,
    wait: Query<Hold>,
) -> Reply {
    let marker = hold(&session, wait).await?;
    session.set(key, &value)?;
    reply(marker, Value::Null)
}

async fn read(session: Session, wait: Query<Hold>) -> Reply {
    let marker = hold(&session, wait).await?;
    reply(
        marker,
        serde_json::to_value(session.data().values).unwrap_or_default(),
    )
}

async fn flash(session: Session, Path(value): Path<String>, wait: Query<Hold>) -> Reply {
    let marker = hold(&session, wait).await?;
    session.flash("notice", &value)?;
    reply(marker, Value::Null)
}

async fn notice(session: Session, wait: Query<Hold>) -> Reply {
    let marker = hold(&session, wait).await?;
    reply(marker, session.get::<Value>("notice")?)
}

async fn login(session: Session, wait: Query<Hold>) -> Reply {
    let marker = hold(&session, wait).await?;
    session.regenerate_id()?;
    session.update("logins", |n: Option<u64>| Some(n.unwrap_or(0) + 1))?;
    reply(marker, Value::Null)
}

async fn logout(session: Session, wait: Query<Hold>) -> Reply {
    let marker = hold(&session, wait).await?;
    session.destroy()?;
    reply(marker, Value::Null)
}
