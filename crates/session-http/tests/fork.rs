//! A copy of a process (by a fork, a container snapshot or a clone of a virtual machine) does not
//! repeat the random values of the original.
//!
//! This test has no harness, because a fork copies only the calling thread.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(unix)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use fork::{Fork, fork, waitpid};
use http::HeaderMap;
use http::header::COOKIE;
use session_core::{CookieContent, SessionId};
use session_http::{Secret, SessionCookie, SessionManager};
use session_store_fs::FsStore;

fn main() {
    let directory = std::env::temp_dir().join(format!("session-fork-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    no_nonce_is_repeated(&directory);
    no_id_is_repeated(&directory);
    no_acknowledged_update_is_lost(&directory);
    fs::remove_dir_all(&directory).unwrap();
    println!("3 passed, 0 failed");
}

/// Runs `work` in this process and in a copy of it, at the same time. Returns both results.
fn in_two_processes(file: &Path, work: impl Fn() -> String) -> [String; 2] {
    match fork().unwrap() {
        Fork::Child => {
            fs::write(file, work()).unwrap();
            // The rest of the test is for the parent.
            std::process::exit(0);
        }
        Fork::Parent(child) => {
            let own = work();
            assert_eq!(waitpid(child).unwrap(), 0, "the child process failed");
            [own, fs::read_to_string(file).unwrap()]
        }
    }
}

fn assert_all_differ(texts: &[String; 2], count: usize) {
    let all: HashSet<_> = texts.iter().flat_map(|text| text.lines()).collect();
    assert_eq!(all.len(), 2 * count);
}

fn no_nonce_is_repeated(directory: &Path) {
    const MESSAGES: usize = 50_000;
    let cookie = SessionCookie::new(Secret::random().unwrap()).unwrap();
    let deadline = SystemTime::now() + Duration::from_secs(1000);
    // The key id, the salt and the nonce: 27 bytes in base64url.
    let head = || {
        let sealed = cookie.encode("a value", CookieContent::Data, deadline);
        sealed.unwrap()["e1.".len()..][..36].to_owned()
    };
    let key = head()[..20].to_owned();
    let heads = in_two_processes(&directory.join("nonces"), || {
        let heads: Vec<_> = (0..MESSAGES).map(|_| head()).collect();
        heads.join("\n")
    });
    assert!(heads.iter().all(|heads| heads.starts_with(&key)), "both processes use the same key");
    assert_all_differ(&heads, MESSAGES);
}

fn no_id_is_repeated(directory: &Path) {
    const IDS: usize = 10_000;
    SessionId::random().unwrap();
    let ids = in_two_processes(&directory.join("ids"), || {
        let ids = (0..IDS).map(|_| SessionId::random().unwrap());
        ids.map(|id| id.as_str().to_owned()).collect::<Vec<_>>().join("\n")
    });
    assert_all_differ(&ids, IDS);
}

/// Adds one to `n` this many times. Returns how many saves succeeded. Each process has its own
/// runtime, because a fork does not copy the threads of a runtime.
fn increment(manager: &SessionManager, cookie: &HeaderMap, times: u32) -> u32 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut acknowledged = 0;
    for _ in 0..times {
        let saved = runtime.block_on(async {
            let session = manager.open(cookie).await.unwrap();
            session.update("n", |n: Option<u32>| Some(n.unwrap_or(0) + 1)).unwrap();
            manager.close(&session, &mut HeaderMap::new()).await
        });
        acknowledged += u32::from(saved.is_ok());
    }
    acknowledged
}

fn no_acknowledged_update_is_lost(directory: &Path) {
    const UPDATES: u32 = 500;
    let store = FsStore::open(directory.join("sessions")).unwrap();
    let cookie = SessionCookie::new(Secret::random().unwrap()).unwrap();
    let manager = SessionManager::new(store, cookie);
    let mut headers = HeaderMap::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let session = manager.open(&headers).await.unwrap();
        session.set("n", &0).unwrap();
        manager.close(&session, &mut HeaderMap::new()).await.unwrap();
        headers.insert(COOKIE, manager.cookie_for(&session).unwrap().unwrap());
    });
    drop(runtime);
    let acknowledged = in_two_processes(&directory.join("count"), || {
        increment(&manager, &headers, UPDATES).to_string()
    });
    let acknowledged: u32 = acknowledged.iter().map(|count| count.parse::<u32>().unwrap()).sum();
    assert_eq!(acknowledged, 2 * UPDATES);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let session = runtime.block_on(manager.open(&headers)).unwrap();
    assert_eq!(session.get::<u32>("n").unwrap(), Some(acknowledged));
}
