//! Several processes on one directory, and processes that are killed while they write.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use bytes::Bytes;
use common::{HOUR, Scratch, child, child_argument, count, insert, key, leftovers};
use session_core::{Condition, PutOutcome, RecordStore};
use session_store_fs::FsStore;

const COUNTED: usize = 3;
const EACH: usize = 300;

fn open(root: &Path) -> FsStore {
    // Long, since a loaded machine is not what these tests are about.
    FsStore::builder(root)
        .time_limit(Duration::from_secs(60))
        .open()
        .unwrap()
}

/// Ends with the test, however that ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Counts in records that the other processes count in as well.
async fn count_all(store: &FsStore) {
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..COUNTED * 2 {
        let store = store.clone();
        tasks.spawn(async move {
            for _ in 0..EACH / 2 {
                count(&store, &key(task % COUNTED)).await;
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_lose_no_update_of_each_other() {
    if let Some(root) = child_argument() {
        return count_all(&open(Path::new(&root))).await;
    }
    let scratch = Scratch::new();
    let store = open(&scratch.root());
    for number in 0..COUNTED {
        insert(&store, &key(number), "0").await;
    }
    let name = "processes_lose_no_update_of_each_other";
    let start = || {
        child(&[], name, &scratch.root())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut others = [(); 2].map(|()| Killed(start()));
    count_all(&store).await;
    for other in &mut others {
        assert!(other.0.wait().unwrap().success());
    }
    for number in 0..COUNTED {
        let record = store.load(&key(number)).await.unwrap().unwrap();
        assert_eq!(record.body, (EACH * 3).to_string(), "record {number}");
    }
    assert!(leftovers(&scratch.root()).is_empty());
}

/// A body that shows whether it is whole: one number, again and again, of a length that varies.
fn body_of(number: u64) -> Bytes {
    let word = format!("{number:08}");
    word.repeat(1 + usize::try_from(number % 2000).unwrap())
        .into()
}

fn number_of(body: &Bytes) -> u64 {
    let number = std::str::from_utf8(body.get(..8).unwrap())
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(*body, body_of(number), "half of a record");
    number
}

/// Writes one number after the other, and says each one that was answered.
async fn write_for_ever(store: &FsStore) {
    let mut record = store.load(&key(0)).await.unwrap().unwrap();
    let mut number = number_of(&record.body);
    let mut out = std::io::stdout();
    out.write_all(b"ready\n").unwrap();
    loop {
        number += 1;
        let condition = Condition::IfVersion(record.version);
        let put = store
            .put(&key(0), body_of(number), HOUR, condition)
            .await
            .unwrap();
        let PutOutcome::Stored(version) = put else {
            panic!("nobody else writes");
        };
        record.version = version;
        out.write_all(format!("{number}\n").as_bytes()).unwrap();
        // Another one, that comes and goes.
        insert(store, &key(1), body_of(number)).await;
        assert!(store.remove(&key(1)).await.unwrap());
    }
}

#[tokio::test]
async fn a_killed_writer_leaves_whole_records() {
    const ROUNDS: u64 = 200;

    if let Some(root) = child_argument() {
        return write_for_ever(&open(Path::new(&root))).await;
    }
    let scratch = Scratch::new();
    let store = open(&scratch.root());
    insert(&store, &key(0), body_of(0)).await;
    let mut crumbs = 0;
    for round in 0..ROUNDS {
        let mut command = child(&[], "a_killed_writer_leaves_whole_records", &scratch.root());
        let mut writer = Killed(
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        );
        let mut said = BufReader::new(writer.0.stdout.take().unwrap());
        let mut line = String::new();
        while !line.ends_with("ready\n") {
            line.clear();
            assert_ne!(
                said.read_line(&mut line).unwrap(),
                0,
                "it ended before it wrote"
            );
        }
        // At another moment of the loop each time; the pipe holds what is said in the meantime.
        tokio::time::sleep(Duration::from_micros(round * 7919 % 12_000)).await;
        writer.0.kill().unwrap();
        writer.0.wait().unwrap();
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();

        let record = store
            .load(&key(0))
            .await
            .unwrap()
            .expect("a record is never gone");
        let found = number_of(&record.body);
        // The last line may be the one of the write after it.
        if let Some(answered) = rest.lines().last() {
            let answered: u64 = answered.parse().unwrap();
            assert!(
                found == answered || found == answered + 1,
                "{answered} was answered, {found} is there"
            );
        }
        if let Some(other) = store.load(&key(1)).await.unwrap() {
            number_of(&other.body);
            assert!(store.remove(&key(1)).await.unwrap());
        }
        crumbs = leftovers(&scratch.root()).len();
    }
    let written = number_of(&store.load(&key(0)).await.unwrap().unwrap().body);
    assert!(written > ROUNDS, "only {written} writes in {ROUNDS} lives");
    assert!(
        crumbs > 0,
        "no kill met a file that was being written: the test tests nothing"
    );

    assert_eq!(
        store.sweep(usize::MAX).await.unwrap(),
        0,
        "they may be someone's yet"
    );
    store.advance(Duration::from_secs(15 * 60));
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), crumbs);
    assert!(leftovers(&scratch.root()).is_empty());
    assert!(store.load(&key(0)).await.unwrap().is_some());
    println!("{written} writes in {ROUNDS} lives, {crumbs} leftovers");
}
