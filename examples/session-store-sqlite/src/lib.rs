#![doc = include_str!("../README.md")]

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use session_core::StoreErrorKind::{Corrupt, Timeout, TooLarge, Unavailable};
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, Version};

/// The time limit of an operation, and of waiting for another process's lock on the file.
const TIME_LIMIT: Duration = Duration::from_secs(5);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS sessions (
    key BLOB PRIMARY KEY, body BLOB NOT NULL, version BLOB NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_expiry ON sessions (expires)";

const LOAD: &str = "SELECT version, body FROM sessions WHERE key = ?1 AND expires > ?2";

// An expired record counts as absent. A random version never comes back, even after a removal.
const INSERT: &str = "INSERT INTO sessions (key, body, version, expires)
    VALUES (?1, ?2, randomblob(8), ?3) ON CONFLICT (key) DO UPDATE
    SET body = excluded.body, version = excluded.version, expires = excluded.expires
    WHERE expires <= ?4 RETURNING version";

const UPDATE: &str = "UPDATE sessions SET body = ?2, version = randomblob(8), expires = ?3
    WHERE key = ?1 AND expires > ?4 AND version = ?5 RETURNING version";

const REMOVE: &str = "DELETE FROM sessions WHERE key = ?1 RETURNING expires > ?2";

const SWEEP: &str = "DELETE FROM sessions WHERE key IN
    (SELECT key FROM sessions WHERE expires <= ?1 LIMIT ?2)";

/// Keeps session records in one SQLite file. Clones share one connection.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the file, and creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or is not an SQLite database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let open = || {
            let connection = Connection::open(path)?;
            connection.busy_timeout(TIME_LIMIT)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "normal")?;
            connection.execute_batch(TABLE)?;
            Ok(connection)
        };
        let connection = Arc::new(Mutex::new(open().map_err(store_error)?));
        Ok(Self { connection })
    }

    /// Runs `work` with the connection on a blocking thread. If the caller is cancelled, `work`
    /// still runs to its end.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let task = tokio::task::spawn_blocking(move || {
            work(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match tokio::time::timeout(TIME_LIMIT, task).await {
            Ok(Ok(result)) => result.map_err(store_error),
            Ok(Err(error)) => {
                Err(StoreError::new(Unavailable, "the SQLite task panicked").with_source(error))
            }
            Err(_) => Err(StoreError::new(Timeout, "SQLite took longer than 5 s")),
        }
    }
}

#[async_trait]
impl RecordStore for SqliteStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        let key = *key.digest();
        self.run(move |connection| {
            let mut load = connection.prepare_cached(LOAD)?;
            let record = |row: &Row<'_>| {
                let (version, body) = (version(row)?, Bytes::from(row.get::<_, Vec<u8>>(1)?));
                Ok(Record { body, version })
            };
            load.query_row(params![key, now()], record).optional()
        })
        .await
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let key = *key.digest();
        self.run(move |connection| {
            let (now, body) = (now(), &*body);
            // One more, because both are rounded down to the millisecond.
            let expires = now.saturating_add(millis(ttl)).saturating_add(1);
            let stored = match condition {
                Condition::IfAbsent => connection
                    .prepare_cached(INSERT)?
                    .query_row(params![key, body, expires, now], version),
                Condition::IfVersion(old) => connection
                    .prepare_cached(UPDATE)?
                    .query_row(params![key, body, expires, now, old.as_bytes()], version),
            };
            Ok(stored.optional()?.map_or(PutOutcome::Refused, PutOutcome::Stored))
        })
        .await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let key = *key.digest();
        self.run(move |connection| {
            let mut remove = connection.prepare_cached(REMOVE)?;
            let was_live = remove.query_row(params![key, now()], |row| row.get(0));
            Ok(was_live.optional()?.unwrap_or(false))
        })
        .await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run(move |connection| connection.execute(SWEEP, params![now(), limit])).await
    }
}

fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version::from_bytes(&row.get::<_, Vec<u8>>(0)?))
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn store_error(error: rusqlite::Error) -> StoreError {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::TooBig) => TooLarge,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Corrupt,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Timeout,
        _ => Unavailable,
    };
    StoreError::new(kind, format!("SQLite failed: {error}")).with_source(error)
}
