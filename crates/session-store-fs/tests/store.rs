//! What a caller of the store sees, and what is on the disk.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use common::{HOUR, Scratch, increment, insert, key, path_of, temp_files};
use session_core::{Condition, PutOutcome, RecordStore, StoreErrorKind, Version};
use session_store_fs::{Durability, FsStore};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn check_conditions(store: &FsStore) {
    let first = insert(store, &key(1), "one").await;
    let again = store.put(&key(1), "two".into(), HOUR, Condition::IfAbsent).await.unwrap();
    assert_eq!(again, PutOutcome::Refused);

    let stale = Condition::IfVersion(first.clone());
    let put = store.put(&key(1), "two".into(), HOUR, stale.clone()).await.unwrap();
    let PutOutcome::Stored(second) = put else {
        panic!("the version was current");
    };
    let refused = store.put(&key(1), "three".into(), HOUR, stale).await.unwrap();
    assert_eq!(refused, PutOutcome::Refused);
    let record = store.load(&key(1)).await.unwrap().unwrap();
    assert_eq!((record.body, record.version), (Bytes::from("two"), second.clone()));

    assert!(store.remove(&key(1)).await.unwrap());
    assert!(!store.remove(&key(1)).await.unwrap());
    assert!(store.load(&key(1)).await.unwrap().is_none());
    for version in [second, Version::from(1)] {
        let put =
            store.put(&key(1), "four".into(), HOUR, Condition::IfVersion(version)).await.unwrap();
        assert_eq!(put, PutOutcome::Refused);
    }
}

#[tokio::test]
async fn conditions_hold() {
    let scratch = Scratch::new();
    check_conditions(&FsStore::open(scratch.root()).unwrap()).await;
    assert!(temp_files(&scratch.root()).is_empty());
}

#[tokio::test]
async fn conditions_hold_with_disk_durability() {
    let scratch = Scratch::new();
    let store = FsStore::builder(scratch.root()).durability(Durability::Disk).open().unwrap();
    check_conditions(&store).await;
}

#[tokio::test]
async fn a_record_is_a_private_file_that_holds_the_body() {
    let scratch = Scratch::new();
    let store = FsStore::open(scratch.root()).unwrap();
    insert(&store, &key(1), r#"[{"a":1},{}]"#).await;
    let path = path_of(&scratch.root(), &key(1));
    assert_eq!(fs::read(&path).unwrap(), br#"[{"a":1},{}]"#);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&scratch.root()), 0o700);
}

#[tokio::test]
async fn bodies_of_any_size_and_content_survive_reopening() {
    let scratch = Scratch::new();
    let bodies: Vec<Vec<u8>> =
        [0_usize, 1, 4096, 1 << 20].map(|len| (0..len).map(|n| (n % 256) as u8).collect()).into();
    let store = FsStore::open(scratch.root()).unwrap();
    for (number, body) in bodies.iter().enumerate() {
        insert(&store, &key(number), body.clone()).await;
    }
    drop(store);
    let store = FsStore::open(scratch.root()).unwrap();
    for (number, body) in bodies.iter().enumerate() {
        assert_eq!(store.load(&key(number)).await.unwrap().unwrap().body, *body);
    }
}

/// Whether a session has expired is for the policy to say: this machine's clock may be an hour fast,
/// and then a logout that finds nothing would end nothing.
#[tokio::test]
async fn an_expired_record_is_there_until_a_sweep_an_hour_later() {
    let scratch = Scratch::new();
    let store = FsStore::open(scratch.root()).unwrap();
    for number in 0..4 {
        insert(&store, &key(number), "old").await;
    }
    let version = store.load(&key(2)).await.unwrap().unwrap().version;
    for (advance, swept) in [(HOUR + Duration::from_secs(2), 0), (HOUR, 2)] {
        store.advance(advance);
        if swept == 0 {
            let put = store.put(&key(1), "new".into(), HOUR, Condition::IfAbsent).await.unwrap();
            assert_eq!(put, PutOutcome::Refused);
            let condition = Condition::IfVersion(version.clone());
            let put = store.put(&key(2), "new".into(), HOUR, condition).await.unwrap();
            assert!(matches!(put, PutOutcome::Stored(_)));
            assert!(store.remove(&key(3)).await.unwrap());
        }
        assert_eq!(store.sweep(usize::MAX).await.unwrap(), swept);
    }
    assert_eq!(store.load(&key(2)).await.unwrap().unwrap().body, "new");
    assert!(store.load(&key(0)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_load_does_not_change_the_access_time() {
    let scratch = Scratch::new();
    let store = FsStore::open(scratch.root()).unwrap();
    insert(&store, &key(1), "body").await;
    let accessed = || fs::metadata(path_of(&scratch.root(), &key(1))).unwrap().accessed().unwrap();
    let before = accessed();
    assert!(store.load(&key(1)).await.unwrap().is_some());
    assert_eq!(accessed(), before);
}

#[tokio::test]
async fn a_sweep_respects_its_limit_and_repeated_sweeps_remove_all() {
    let scratch = Scratch::new();
    let store = FsStore::open(scratch.root()).unwrap();
    for number in 0..3000 {
        let ttl = if number % 3 == 0 { HOUR * 4 } else { HOUR };
        let put = store.put(&key(number), "body".into(), ttl, Condition::IfAbsent).await;
        assert!(matches!(put.unwrap(), PutOutcome::Stored(_)));
    }
    assert_eq!(store.sweep(0).await.unwrap(), 0);
    store.advance(HOUR * 3);
    let mut swept = 0;
    loop {
        let removed = store.sweep(70).await.unwrap();
        assert!(removed <= 70);
        swept += removed;
        if removed == 0 {
            break;
        }
    }
    assert_eq!(swept, 2000);
    for number in 0..3000 {
        let found = store.load(&key(number)).await.unwrap().is_some();
        assert_eq!(found, number % 3 == 0);
    }
}

/// remix sets the current time as the modification time, and overwrites the store's files in place.
#[tokio::test]
async fn a_file_of_another_program_expires_after_its_last_write() {
    let scratch = Scratch::new();
    let store = FsStore::builder(scratch.root()).unmarked_lifetime(DAY * 10).open().unwrap();
    let path = path_of(&scratch.root(), &key(1));
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "[{},{}]").unwrap();
    store.advance(DAY * 9);
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 0);
    let record = store.load(&key(1)).await.unwrap().unwrap();
    assert_eq!(record.body, "[{},{}]");

    // Written by the store, it expires after its ttl.
    let put =
        store.put(&key(1), "[{},{}]".into(), HOUR, Condition::IfVersion(record.version)).await;
    assert!(matches!(put.unwrap(), PutOutcome::Stored(_)));
    store.advance(HOUR * 3);

    // Overwritten by the other program, it is unmarked again.
    fs::write(&path, "[{\"a\":1},{}]").unwrap();
    let written = FileTimes::new().set_modified(SystemTime::now() + DAY * 10);
    File::options().write(true).open(&path).unwrap().set_times(written).unwrap();
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 0);
    store.advance(DAY * 12);
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 1);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_sweep_ignores_other_files() {
    let scratch = Scratch::new();
    let store = FsStore::open(scratch.root()).unwrap();
    insert(&store, &key(1), "body").await;
    let directory = path_of(&scratch.root(), &key(1)).parent().unwrap().to_path_buf();
    let long_ago = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
    for name in ["README", "0123", ".tmp"] {
        let file = File::create(directory.join(name)).unwrap();
        file.set_times(long_ago).unwrap();
    }
    let temp = directory.join(".tmp-0-0");
    File::create(&temp).unwrap();
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 0);
    store.advance(Duration::from_secs(601));
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 1, "the temporary file");
    assert!(!temp.exists() && directory.join("README").exists());
}

#[tokio::test]
async fn anything_but_a_plain_file_is_an_error_that_names_the_path() {
    let scratch = Scratch::new();
    let store = FsStore::builder(scratch.root()).max_body(1000).open().unwrap();
    for number in 0..4 {
        insert(&store, &key(number), "body").await;
        fs::remove_file(path_of(&scratch.root(), &key(number))).unwrap();
    }
    let path = |number| path_of(&scratch.root(), &key(number));
    fs::create_dir(path(0)).unwrap();
    symlink("/etc/passwd", path(1)).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(path(2)).status().unwrap();
    assert!(pipe.success());
    // Sparse, and far too large to read.
    File::create(path(3)).unwrap().set_len(10 << 30).unwrap();

    for number in 0..4 {
        let name = path(number).display().to_string();
        let check = |error: session_core::StoreError| {
            assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
            assert!(error.to_string().contains(&name), "{error}");
        };
        check(store.load(&key(number)).await.unwrap_err());
        let put = store.put(&key(number), "new".into(), HOUR, Condition::IfAbsent).await;
        check(put.unwrap_err());
        if number < 3 {
            check(store.remove(&key(number)).await.unwrap_err());
        }
        assert!(fs::symlink_metadata(path(number)).is_ok(), "the store does not touch it");
    }
    store.advance(DAY * 100);
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 1, "the plain file");
}

#[tokio::test]
async fn the_error_for_a_large_body_names_both_sizes() {
    let scratch = Scratch::new();
    let store = FsStore::builder(scratch.root()).max_body(1000).open().unwrap();
    insert(&store, &key(1), vec![0; 1000]).await;
    let put = store.put(&key(2), vec![0; 1001].into(), HOUR, Condition::IfAbsent).await;
    let error = put.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::TooLarge);
    assert!(error.to_string().contains("1001 bytes") && error.to_string().contains("is 1000"));
    assert!(store.load(&key(2)).await.unwrap().is_none());
    assert!(temp_files(&scratch.root()).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_tasks_lose_no_updates() {
    let scratch = Scratch::new();
    let store =
        FsStore::builder(scratch.root()).time_limit(Duration::from_secs(60)).open().unwrap();
    insert(&store, &key(1), "0").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let store = store.clone();
        tasks.spawn(async move {
            for _ in 0..4 {
                increment(&store, &key(1)).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(store.load(&key(1)).await.unwrap().unwrap().body, "256");
    assert!(temp_files(&scratch.root()).is_empty());
}

/// Two stores on one directory, as in two processes, while a sweep runs all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_concurrent_inserts_wins() {
    let scratch = Scratch::new();
    let stores = [(); 2].map(|()| FsStore::open(scratch.root()).unwrap());
    let sweeping = tokio::spawn({
        let store = stores.last().unwrap().clone();
        async move {
            loop {
                assert_eq!(store.sweep(10).await.unwrap(), 0);
            }
        }
    });
    for round in 0..50 {
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..8 {
            let store = stores.get(task % 2).unwrap().clone();
            tasks.spawn(async move {
                let body = Bytes::from(task.to_string());
                let put = store.put(&key(round), body.clone(), HOUR, Condition::IfAbsent).await;
                (put.unwrap() != PutOutcome::Refused).then_some(body)
            });
        }
        let outcomes = tasks.join_all().await;
        let winners: Vec<_> = outcomes.into_iter().flatten().collect();
        let found = stores.first().unwrap().load(&key(round)).await.unwrap().unwrap();
        assert_eq!(winners, [found.body]);
    }
    assert!(!sweeping.is_finished());
    sweeping.abort();
}

/// A reader sees the old body or the new one, never a mixture, and never no record.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_never_sees_half_a_record() {
    let scratch = Scratch::new();
    let store = FsStore::open(scratch.root()).unwrap();
    let mut version = insert(&store, &key(1), vec![0; 100_000]).await;
    let reading = tokio::spawn({
        let store = store.clone();
        async move {
            let mut round = 0;
            while round != 199 {
                let body = store.load(&key(1)).await.unwrap().unwrap().body;
                round = *body.first().unwrap();
                assert!(body.len() == 100_000 - usize::from(round));
                assert!(body.iter().all(|byte| *byte == round));
            }
        }
    });
    for round in 1..200_u8 {
        let body = vec![round; 100_000 - usize::from(round)];
        let put = store.put(&key(1), body.into(), HOUR, Condition::IfVersion(version)).await;
        let PutOutcome::Stored(next) = put.unwrap() else {
            panic!("nobody else writes");
        };
        version = next;
    }
    reading.await.unwrap();
}

#[tokio::test]
async fn waiting_too_long_for_a_lock_is_a_timeout() {
    let scratch = Scratch::new();
    let limit = Duration::from_millis(100);
    let store = FsStore::builder(scratch.root()).time_limit(limit).open().unwrap();
    insert(&store, &key(1), "body").await;
    let hex = key(1).hex();
    let held = File::open(scratch.root().join(hex.split_at(2).0)).unwrap();
    held.lock().unwrap();
    assert!(store.load(&key(1)).await.unwrap().is_some(), "a load needs no lock");
    let error = store.remove(&key(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Timeout);
    assert!(error.to_string().contains("sessions"), "{error}");
    held.unlock().unwrap();
    assert!(
        store.load(&key(1)).await.unwrap().is_some(),
        "the remove that timed out does not happen later"
    );
    assert!(store.remove(&key(1)).await.unwrap());
}

#[tokio::test]
async fn the_background_task_sweeps_and_ends_with_the_store() {
    const MILLISECOND: Duration = Duration::from_millis(1);
    let scratch = Scratch::new();
    let store = FsStore::open(scratch.root()).unwrap();
    insert(&store, &key(1), "body").await;
    store.advance(HOUR * 3);
    let sweeper = store.sweep_every(MILLISECOND);
    let path = path_of(&scratch.root(), &key(1));
    let swept = async {
        while path.exists() {
            tokio::time::sleep(MILLISECOND).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), swept).await.unwrap();
    drop(store);
    tokio::time::timeout(Duration::from_secs(20), sweeper).await.unwrap().unwrap();
}
