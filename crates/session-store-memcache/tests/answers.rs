//! Servers that answer wrongly, late, or not at all: scripts on loopback that speak as much of the protocol as it takes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::{TTL, key};
use session_core::{Condition, PutOutcome, RecordStore, StoreErrorKind, Version};
use session_store_memcache::{MemcacheStore, MemcacheStoreBuilder};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A command as the server sees it.
struct Seen {
    key: String,
    opaque: String,
    /// How many commands came on this connection before.
    before: usize,
    /// How many commands came on any connection before; the check at the start is the first.
    total: usize,
}

enum Then {
    Answer(String),
    Close,
    Hang,
}

struct Script {
    address: String,
    /// Connections that carried a command.
    used: Arc<AtomicUsize>,
}

impl Script {
    /// Answers the check at the start with a miss, and every later command as `answer` says.
    async fn start(answer: impl Fn(&Seen) -> Then + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let used = Arc::new(AtomicUsize::new(0));
        let (answer, total, counted) = (
            Arc::new(answer),
            Arc::new(AtomicUsize::new(0)),
            used.clone(),
        );
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, total, used) = (answer.clone(), total.clone(), counted.clone());
                tokio::spawn(async move { serve(stream, &*answer, &total, &used).await });
            }
        });
        Self { address, used }
    }

    fn builder(&self) -> MemcacheStoreBuilder {
        MemcacheStore::builder([self.address.as_str()]).command_timeout(Duration::from_millis(300))
    }
}

async fn serve(
    stream: TcpStream,
    answer: &(dyn Fn(&Seen) -> Then + Send + Sync),
    total: &AtomicUsize,
    used: &AtomicUsize,
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut before = 0;
    while let Some(line) = lines.next_line().await? {
        let words: Vec<&str> = line.split(' ').collect();
        let reply = match words[0] {
            "mn" => "MN\r\n".to_owned(),
            "stats" => "STAT item_size_max 1048576\r\nEND\r\n".to_owned(),
            verb => {
                if verb == "ms" {
                    lines.next_line().await?;
                }
                let opaque = words
                    .iter()
                    .find_map(|word| word.strip_prefix('O'))
                    .unwrap();
                let seen = Seen {
                    key: words[1].to_owned(),
                    opaque: opaque.to_owned(),
                    before,
                    total: total.fetch_add(1, Ordering::SeqCst),
                };
                if before == 0 {
                    used.fetch_add(1, Ordering::SeqCst);
                }
                before += 1;
                let then = match seen.total {
                    0 => Then::Answer(format!("EN k{} O{}", seen.key, seen.opaque)),
                    _ => answer(&seen),
                };
                match then {
                    Then::Answer(reply) => format!("{reply}\r\n"),
                    Then::Close => return Ok(()),
                    Then::Hang => std::future::pending().await,
                }
            }
        };
        writer.write_all(reply.as_bytes()).await?;
    }
    Ok(())
}

/// An answer that is not the request's own is an error, and the next request has a connection of its own.
#[tokio::test]
async fn an_answer_to_another_request_is_an_error_and_closes_the_connection() {
    type Wrong = fn(&Seen) -> String;
    let loads: [Wrong; 9] = [
        |seen| format!("VA 5 c1 kother O{}\r\nhello", seen.opaque),
        |seen| format!("VA 5 c1 k{} O0\r\nhello", seen.key),
        |seen| format!("VA 5 c1 k{}\r\nhello", seen.key),
        |_| "VA 5 c1\r\nhello".to_owned(),
        |seen| format!("VA 5 k{} O{}\r\nhello", seen.key, seen.opaque),
        |seen| format!("HD c1 k{} O{}", seen.key, seen.opaque),
        |_| "EN".to_owned(),
        |seen| format!("EN k{} O0", seen.key),
        |_| "nonsense".to_owned(),
    ];
    for (n, wrong) in loads.into_iter().enumerate() {
        let script = Script::start(move |seen| Then::Answer(wrong(seen))).await;
        let store = script.builder().pool_size(1).connect().await.unwrap();
        for _ in 0..3 {
            let error = store.load(&key(1)).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{n}");
            assert!(!error.to_string().contains(&key(1).hex()), "{error}");
        }
        assert_eq!(
            script.used.load(Ordering::SeqCst),
            3,
            "{n}: a connection was used again"
        );
    }
    let writes: [Wrong; 5] = [
        |_| "HD".to_owned(),
        |seen| format!("HD c9 k{} O0", seen.key),
        |seen| format!("HD k{} O{}", seen.key, seen.opaque),
        |_| "EX".to_owned(),
        |_| "SERVER_ERROR out of memory storing object".to_owned(),
    ];
    for (n, wrong) in writes.into_iter().enumerate() {
        let script = Script::start(move |seen| Then::Answer(wrong(seen))).await;
        let store = script.builder().pool_size(1).connect().await.unwrap();
        for _ in 0..3 {
            let condition = Condition::IfVersion(Version::from(1));
            let put = store.put(&key(1), Bytes::new(), TTL, condition).await;
            assert_eq!(put.unwrap_err().kind(), StoreErrorKind::Unavailable, "{n}");
        }
        assert_eq!(
            script.used.load(Ordering::SeqCst),
            3,
            "{n}: a connection was used again"
        );
    }
}

/// A write that is repeated on a fresh connection says "refused" only where the first one cannot be the reason.
#[tokio::test]
async fn a_repeated_write_never_says_refused() {
    for (status, stored) in [
        ("HD c7", true),
        ("NS c0", false),
        ("EX c0", false),
        ("NF c0", false),
    ] {
        // The connection of the check is closed at its second command; the next one answers.
        let script = Script::start(move |seen| match seen.before {
            0 => Then::Answer(format!("{status} k{} O{}", seen.key, seen.opaque)),
            _ => Then::Close,
        })
        .await;
        let store = script.builder().connect().await.unwrap();
        let put = store
            .put(&key(1), Bytes::new(), TTL, Condition::IfAbsent)
            .await;
        match put {
            Ok(outcome) => assert!(stored && outcome == PutOutcome::Stored(Version::from(7))),
            Err(error) => assert!(
                !stored && error.to_string().contains("not known"),
                "{error}"
            ),
        }
    }
    let script = Script::start(|seen| match seen.before {
        0 => Then::Answer(format!("NF k{} O{}", seen.key, seen.opaque)),
        _ => Then::Close,
    })
    .await;
    let store = script.builder().connect().await.unwrap();
    let error = store.remove(&key(1)).await.unwrap_err();
    assert!(error.to_string().contains("not known"), "{error}");
}

/// A request is sent at most twice, however often its connection is closed.
#[tokio::test]
async fn a_server_that_always_closes_is_an_error() {
    let script = Script::start(|_| Then::Close).await;
    let store = script.builder().connect().await.unwrap();
    let error = store.load(&key(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.to_string().contains(&script.address), "{error}");
    assert_eq!(script.used.load(Ordering::SeqCst), 2);
}

/// Each limit holds, and the error says which one it was.
#[tokio::test]
async fn time_limits() {
    let script = Script::start(|_| Then::Hang).await;
    let store = script.builder().pool_size(1).connect().await.unwrap();
    let begun = Instant::now();
    let (one, record) = (key(1), key(2));
    let (first, second) = tokio::join!(store.load(&one), store.load(&record));
    let messages = [first.unwrap_err(), second.unwrap_err()].map(|error| {
        assert_eq!(error.kind(), StoreErrorKind::Timeout);
        error.to_string()
    });
    assert!(
        messages[0].contains("did not answer within 300ms"),
        "{messages:?}"
    );
    assert!(
        messages[1].contains("none of the 1 connections"),
        "{messages:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );

    // Takes the connection, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let begun = Instant::now();
    let builder = MemcacheStore::builder([address.as_str()]);
    let connect = builder
        .connect_timeout(Duration::from_millis(200))
        .connect();
    let error = connect.await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Timeout);
    assert!(error.to_string().contains(&address), "{error}");
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}
