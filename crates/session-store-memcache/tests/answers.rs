//! Servers that answer wrongly, late, or not at all. They are scripts that speak just enough of the
//! protocol.
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

/// A command that the server received.
struct Received {
    key: String,
    opaque: String,
    /// How many commands came before it on this connection.
    on_connection: usize,
    /// How many commands came before it on any connection. The first one is the check at startup.
    total: usize,
}

enum Reaction {
    Answer(String),
    Close,
    Hang,
}

struct Script {
    address: String,
    /// How many connections received a command.
    used: Arc<AtomicUsize>,
}

impl Script {
    /// Answers the check at startup with a miss, and later commands as `react` says.
    async fn start(react: impl Fn(&Received) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let used = Arc::new(AtomicUsize::new(0));
        let (react, total, counted) =
            (Arc::new(react), Arc::new(AtomicUsize::new(0)), used.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (react, total, used) = (react.clone(), total.clone(), counted.clone());
                tokio::spawn(async move { serve(stream, &*react, &total, &used).await });
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
    react: &(dyn Fn(&Received) -> Reaction + Send + Sync),
    total: &AtomicUsize,
    used: &AtomicUsize,
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut on_connection = 0;
    while let Some(line) = lines.next_line().await? {
        let words: Vec<&str> = line.split(' ').collect();
        let reply = match words[0] {
            "mn" => "MN\r\n".to_owned(),
            "stats" => "STAT item_size_max 1048576\r\nEND\r\n".to_owned(),
            verb => {
                if verb == "ms" {
                    lines.next_line().await?;
                }
                let opaque = words.iter().find_map(|word| word.strip_prefix('O')).unwrap();
                let received = Received {
                    key: words[1].to_owned(),
                    opaque: opaque.to_owned(),
                    on_connection,
                    total: total.fetch_add(1, Ordering::SeqCst),
                };
                if on_connection == 0 {
                    used.fetch_add(1, Ordering::SeqCst);
                }
                on_connection += 1;
                let reaction = match received.total {
                    0 => Reaction::Answer(format!("EN k{} O{}", received.key, received.opaque)),
                    _ => react(&received),
                };
                match reaction {
                    Reaction::Answer(reply) => format!("{reply}\r\n"),
                    Reaction::Close => return Ok(()),
                    Reaction::Hang => std::future::pending().await,
                }
            }
        };
        writer.write_all(reply.as_bytes()).await?;
    }
    Ok(())
}

/// A wrong answer is an error, and the next request uses a new connection.
#[tokio::test]
async fn an_answer_to_another_request_is_an_error_and_closes_the_connection() {
    type Wrong = fn(&Received) -> String;
    let loads: [Wrong; 9] = [
        |received| format!("VA 5 c1 kother O{}\r\nhello", received.opaque),
        |received| format!("VA 5 c1 k{} O0\r\nhello", received.key),
        |received| format!("VA 5 c1 k{}\r\nhello", received.key),
        |_| "VA 5 c1\r\nhello".to_owned(),
        |received| format!("VA 5 k{} O{}\r\nhello", received.key, received.opaque),
        |received| format!("HD c1 k{} O{}", received.key, received.opaque),
        |_| "EN".to_owned(),
        |received| format!("EN k{} O0", received.key),
        |_| "nonsense".to_owned(),
    ];
    for (n, wrong) in loads.into_iter().enumerate() {
        let script = Script::start(move |received| Reaction::Answer(wrong(received))).await;
        let store = script.builder().pool_size(1).connect().await.unwrap();
        for _ in 0..3 {
            let error = store.load(&key(1)).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{n}");
            assert!(!error.to_string().contains(&key(1).hex()), "{error}");
        }
        assert_eq!(script.used.load(Ordering::SeqCst), 3, "{n}: a connection was reused");
    }
    let writes: [Wrong; 5] = [
        |_| "HD".to_owned(),
        |received| format!("HD c9 k{} O0", received.key),
        |received| format!("HD k{} O{}", received.key, received.opaque),
        |_| "EX".to_owned(),
        |_| "SERVER_ERROR out of memory storing object".to_owned(),
    ];
    for (n, wrong) in writes.into_iter().enumerate() {
        let script = Script::start(move |received| Reaction::Answer(wrong(received))).await;
        let store = script.builder().pool_size(1).connect().await.unwrap();
        for _ in 0..3 {
            let condition = Condition::IfVersion(Version::from(1));
            let put = store.put(&key(1), Bytes::new(), TTL, condition).await;
            assert_eq!(put.unwrap_err().kind(), StoreErrorKind::Unavailable, "{n}");
        }
        assert_eq!(script.used.load(Ordering::SeqCst), 3, "{n}: a connection was reused");
    }
}

/// When a repeated write or delete is refused, the first one may have been applied.
#[tokio::test]
async fn a_refused_retry_is_an_unknown_outcome() {
    for (status, stored) in [("HD c7", true), ("NS c0", false), ("EX c0", false), ("NF c0", false)]
    {
        // Closes the connection of the check at its second command, and answers on the next one.
        let script = Script::start(move |received| match received.on_connection {
            0 => Reaction::Answer(format!("{status} k{} O{}", received.key, received.opaque)),
            _ => Reaction::Close,
        })
        .await;
        let store = script.builder().connect().await.unwrap();
        let put = store.put(&key(1), Bytes::new(), TTL, Condition::IfAbsent).await;
        match put {
            Ok(outcome) => assert!(stored && outcome == PutOutcome::Stored(Version::from(7))),
            Err(error) => assert!(!stored && error.to_string().contains("not known"), "{error}"),
        }
    }
    let script = Script::start(|received| match received.on_connection {
        0 => Reaction::Answer(format!("NF k{} O{}", received.key, received.opaque)),
        _ => Reaction::Close,
    })
    .await;
    let store = script.builder().connect().await.unwrap();
    let error = store.remove(&key(1)).await.unwrap_err();
    assert!(error.to_string().contains("not known"), "{error}");
}

/// A request is sent at most twice, even if its connection is closed each time.
#[tokio::test]
async fn a_server_that_always_closes_is_an_error() {
    let script = Script::start(|_| Reaction::Close).await;
    let store = script.builder().connect().await.unwrap();
    let error = store.load(&key(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.to_string().contains(&script.address), "{error}");
    assert_eq!(script.used.load(Ordering::SeqCst), 2);
}

/// The error says which limit was exceeded.
#[tokio::test]
async fn time_limits() {
    let script = Script::start(|_| Reaction::Hang).await;
    let store = script.builder().pool_size(1).connect().await.unwrap();
    let start = Instant::now();
    let keys = [key(1), key(2)];
    let (first, second) = tokio::join!(store.load(&keys[0]), store.load(&keys[1]));
    let messages = [first.unwrap_err(), second.unwrap_err()].map(|error| {
        assert_eq!(error.kind(), StoreErrorKind::Timeout);
        error.to_string()
    });
    assert!(messages[0].contains("did not answer within 300ms"), "{messages:?}");
    assert!(messages[1].contains("none of the 1 connections"), "{messages:?}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());

    // A server that accepts the connection and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let start = Instant::now();
    let builder = MemcacheStore::builder([address.as_str()]);
    let connect = builder.connect_timeout(Duration::from_millis(200)).connect();
    let error = connect.await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Timeout);
    assert!(error.to_string().contains(&address), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}
