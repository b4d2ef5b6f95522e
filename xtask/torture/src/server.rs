//! An application server: the session layer over the backend under test, with one handler for each
//! kind of request.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use session_core::RecordStore;
use session_http::{
    Clock, Error, Session, SessionCookie, SessionLayer, SessionManager, SessionPolicy,
};
use session_store_fs::FsStore;
use session_store_memcache::MemcacheStore;
use session_store_redis::RedisStore;

use crate::sabotage::Sabotage;

/// The arguments of a server process.
pub(crate) struct Settings {
    pub(crate) store: String,
    pub(crate) port: u16,
    pub(crate) replicas: u32,
    pub(crate) sabotage: Option<String>,
    /// How many seconds the server's clock is ahead.
    pub(crate) ahead: u64,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(crate) async fn serve(settings: Settings) -> Result<(), Failure> {
    // Exits with the process that started this one, which closes the pipe.
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let mut store = connect(&settings).await?;
    if let Some(sabotage) = &settings.sabotage {
        store = Arc::new(Sabotage::new(store, sabotage)?);
    }
    let cookie = SessionCookie::new("the secret of the torture test, of 32 bytes and more")?;
    let clock = Clock::system().ahead_by(Duration::from_secs(settings.ahead));
    let policy = SessionPolicy::default().clock(clock);
    let manager = SessionManager::new(store, cookie).policy(policy);
    let app = Router::new()
        .route("/ready", get(async || "ready"))
        .route("/start/{marker}", get(start))
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

/// How many milliseconds a handler waits between opening its session and acting on it.
#[derive(Deserialize)]
struct Delay {
    #[serde(default)]
    delay: u64,
}

type Reply = Result<Json<Value>, Error>;

/// Opens the session, waits, and returns the marker that the session had.
async fn open(session: &Session, Query(Delay { delay }): Query<Delay>) -> Result<Value, Error> {
    let marker = session.peek::<Value>("marker")?.unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(delay)).await;
    Ok(marker)
}

fn reply(marker: Value, value: impl Into<Value>) -> Reply {
    let value: Value = value.into();
    Ok(Json(json!({ "marker": marker, "value": value })))
}

async fn start(session: Session, Path(own): Path<String>, delay: Query<Delay>) -> Reply {
    let marker = open(&session, delay).await?;
    session.set("marker", &own)?;
    reply(marker, Value::Null)
}

async fn count(session: Session, delay: Query<Delay>) -> Reply {
    let marker = open(&session, delay).await?;
    let add = |n: Option<u64>| Some(n.unwrap_or(0) + 1);
    let mut count = session.update("count", add)?;
    if marker.is_string() {
        // Saves first, so that the answer has the count after a merge with other requests.
        session.commit().await?;
        count = session.get("count")?;
    }
    reply(marker, count)
}

async fn set(
    session: Session,
    Path((key, value)): Path<(String, String)>,
    delay: Query<Delay>,
) -> Reply {
    let marker = open(&session, delay).await?;
    session.set(key, &value)?;
    reply(marker, Value::Null)
}

async fn read(session: Session, delay: Query<Delay>) -> Reply {
    let marker = open(&session, delay).await?;
    reply(marker, serde_json::to_value(session.data().values).unwrap_or_default())
}

async fn flash(session: Session, Path(value): Path<String>, delay: Query<Delay>) -> Reply {
    let marker = open(&session, delay).await?;
    session.flash("notice", &value)?;
    reply(marker, Value::Null)
}

async fn notice(session: Session, delay: Query<Delay>) -> Reply {
    let marker = open(&session, delay).await?;
    reply(marker, session.get::<Value>("notice")?)
}

async fn login(session: Session, delay: Query<Delay>) -> Reply {
    let marker = open(&session, delay).await?;
    session.regenerate_id()?;
    session.update("logins", |n: Option<u64>| Some(n.unwrap_or(0) + 1))?;
    reply(marker, Value::Null)
}

async fn logout(session: Session, delay: Query<Delay>) -> Reply {
    let marker = open(&session, delay).await?;
    session.destroy()?;
    reply(marker, Value::Null)
}
