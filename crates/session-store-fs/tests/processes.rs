//! Several processes that share a directory, and processes that are killed while they write.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use bytes::Bytes;
use common::{HOUR, Scratch, child, child_argument, increment, insert, key, temp_files};
use session_core::{Condition, PutOutcome, RecordStore};
use session_store_fs::FsStore;

const COUNTERS: usize = 3;
/// How often each process increments each counter.
const INCREMENTS: usize = 300;

fn open(root: &Path) -> FsStore {
    // Long enough for a busy machine: these tests are not about time limits.
    FsStore::builder(root).time_limit(Duration::from_secs(60)).open().unwrap()
}

/// A child process, killed on drop.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Increments the counters, which the other processes increment too.
async fn increment_all(store: &FsStore) {
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..COUNTERS * 2 {
        let store = store.clone();
        tasks.spawn(async move {
            for _ in 0..INCREMENTS / 2 {
                increment(&store, &key(task % COUNTERS)).await;
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_processes_lose_no_updates() {
    if let Some(root) = child_argument() {
        return increment_all(&open(Path::new(&root))).await;
    }
    let scratch = Scratch::new();
    let store = open(&scratch.root());
    for number in 0..COUNTERS {
        insert(&store, &key(number), "0").await;
    }
    let name = "concurrent_processes_lose_no_updates";
    let start = || child(&[], name, &scratch.root()).stdout(Stdio::null()).spawn().unwrap();
    let mut others = [(); 2].map(|()| KillOnDrop(start()));
    increment_all(&store).await;
    for other in &mut others {
        assert!(other.0.wait().unwrap().success());
    }
    for number in 0..COUNTERS {
        let record = store.load(&key(number)).await.unwrap().unwrap();
        assert_eq!(record.body, (INCREMENTS * 3).to_string(), "record {number}");
    }
    assert!(temp_files(&scratch.root()).is_empty());
}

/// A body that shows whether it is whole: one number, repeated, so that the length varies.
fn body_of(number: u64) -> Bytes {
    let word = format!("{number:08}");
    word.repeat(1 + usize::try_from(number % 2000).unwrap()).into()
}

fn number_of(body: &Bytes) -> u64 {
    let number = std::str::from_utf8(body.get(..8).unwrap()).unwrap().parse().unwrap();
    assert_eq!(*body, body_of(number), "the record is not whole");
    number
}

/// Writes one number after the other, and prints each one that was stored.
async fn write_until_killed(store: &FsStore) {
    let mut record = store.load(&key(0)).await.unwrap().unwrap();
    let mut number = number_of(&record.body);
    let mut out = std::io::stdout();
    out.write_all(b"ready\n").unwrap();
    loop {
        number += 1;
        let condition = Condition::IfVersion(record.version);
        let put = store.put(&key(0), body_of(number), HOUR, condition).await.unwrap();
        let PutOutcome::Stored(version) = put else {
            panic!("nobody else writes");
        };
        record.version = version;
        out.write_all(format!("{number}\n").as_bytes()).unwrap();
        // A second record, which is created and removed all the time.
        insert(store, &key(1), body_of(number)).await;
        assert!(store.remove(&key(1)).await.unwrap());
    }
}

#[tokio::test]
async fn a_killed_writer_leaves_whole_records() {
    const ROUNDS: u64 = 200;

    if let Some(root) = child_argument() {
        return write_until_killed(&open(Path::new(&root))).await;
    }
    let scratch = Scratch::new();
    let store = open(&scratch.root());
    insert(&store, &key(0), body_of(0)).await;
    let mut stale = 0;
    for round in 0..ROUNDS {
        let mut command = child(&[], "a_killed_writer_leaves_whole_records", &scratch.root());
        let mut writer =
            KillOnDrop(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let mut output = BufReader::new(writer.0.stdout.take().unwrap());
        let mut line = String::new();
        while !line.ends_with("ready\n") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the writer ended before it wrote");
        }
        // Kills it at a different moment of its loop each time. The pipe buffers the output.
        tokio::time::sleep(Duration::from_micros(round * 7919 % 12_000)).await;
        writer.0.kill().unwrap();
        writer.0.wait().unwrap();
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();

        let record = store.load(&key(0)).await.unwrap().expect("the record always exists");
        let found = number_of(&record.body);
        // One more write may have been stored and not printed.
        if let Some(printed) = rest.lines().last() {
            let printed: u64 = printed.parse().unwrap();
            assert!(
                found == printed || found == printed + 1,
                "{printed} was printed, {found} was found"
            );
        }
        if let Some(other) = store.load(&key(1)).await.unwrap() {
            number_of(&other.body);
            assert!(store.remove(&key(1)).await.unwrap());
        }
        stale = temp_files(&scratch.root()).len();
    }
    let written = number_of(&store.load(&key(0)).await.unwrap().unwrap().body);
    assert!(written > ROUNDS, "only {written} writes in {ROUNDS} rounds");
    assert!(stale > 0, "no writer was killed in the middle of a write, so this tests nothing");

    assert_eq!(
        store.sweep(usize::MAX).await.unwrap(),
        0,
        "a young temporary file may still be in use"
    );
    store.advance(Duration::from_secs(15 * 60));
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), stale);
    assert!(temp_files(&scratch.root()).is_empty());
    assert!(store.load(&key(0)).await.unwrap().is_some());
    println!("{written} writes in {ROUNDS} rounds, {stale} stale files");
}
