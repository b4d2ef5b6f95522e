//! Disks that are full, read-only, forbidden or missing.
//!
//! The full and the read-only disk are small tmpfs mounts in a mount namespace of the test's own
//! (`unshare`), which ends with the test. These tests fail on systems that do not allow this.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{
    HOUR, Scratch, child, child_argument, child_of, insert, is_root, key, path_of, temp_files,
};
use session_core::{Condition, PutOutcome, RecordKey, RecordStore, StoreError, StoreErrorKind};
use session_store_fs::FsStore;

/// The error has this kind, and its message names the path and says `words`.
fn check(error: &StoreError, kind: StoreErrorKind, path: &Path, words: &str) {
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    assert!(text.contains(&path.display().to_string()), "{text}");
    assert!(text.contains(words), "{text}");
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}\n{}",
        text(&output.stdout),
        text(&output.stderr),
    );
}

/// Runs the test `name` in a child process with a small file system of its own. Returns that file
/// system in the child, and `None` in the parent, after the child has succeeded.
fn small_disk(name: &str) -> Option<PathBuf> {
    const MOUNT: &str = r#"mount -t tmpfs -o size=256k,mode=0700 tmpfs "$0" && exec "$@""#;

    if let Some(path) = child_argument() {
        return Some(path.into());
    }
    let scratch = Scratch::new();
    let path = scratch.path().to_str().unwrap();
    let mut wrapper = vec!["unshare", "--mount"];
    if !is_root() {
        wrapper.push("--map-root-user");
    }
    wrapper.extend(["sh", "-c", MOUNT, path]);
    succeed(&mut child(&wrapper, name, scratch.path()));
    assert!(!scratch.root().exists(), "the child wrote outside its mount");
    None
}

#[tokio::test]
async fn a_full_disk() {
    let Some(disk) = small_disk("a_full_disk") else {
        return;
    };
    let root = disk.join("sessions");
    let store = FsStore::open(&root).unwrap();
    let mut written = 0;
    let error = loop {
        let body = vec![written as u8; 10_000];
        match store.put(&key(written), body.into(), HOUR, Condition::IfAbsent).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "the disk never fills up");
    };
    check(&error, StoreErrorKind::Unavailable, &root, "the disk is full");
    assert!(written > 5);
    assert!(temp_files(&root).is_empty(), "a failed write uses no space");
    assert!(store.load(&key(written)).await.unwrap().is_none());

    // A write that fails does not change the record that it should replace.
    let old = store.load(&key(0)).await.unwrap().unwrap();
    let larger = vec![1; 60_000].into();
    let condition = Condition::IfVersion(old.version.clone());
    let put = store.put(&key(0), larger, HOUR, condition.clone()).await;
    check(&put.unwrap_err(), StoreErrorKind::Unavailable, &root, "the disk is full");
    for number in 0..written {
        let record = store.load(&key(number)).await.unwrap().unwrap();
        assert_eq!(record.body, vec![number as u8; 10_000]);
    }
    for number in 1..=3 {
        assert!(store.remove(&key(number)).await.unwrap());
    }
    let put = store.put(&key(0), vec![1; 20_000].into(), HOUR, condition).await;
    assert!(matches!(put.unwrap(), PutOutcome::Stored(_)));
}

#[tokio::test]
async fn a_disk_that_becomes_read_only_and_writable_again() {
    let Some(disk) = small_disk("a_disk_that_becomes_read_only_and_writable_again") else {
        return;
    };
    let root = disk.join("sessions");
    let remount = |how: &str| {
        succeed(Command::new("mount").arg("-o").arg(format!("remount,{how}")).arg(&disk))
    };
    let store = FsStore::open(&root).unwrap();
    let version = insert(&store, &key(1), "body").await;
    let condition = Condition::IfVersion(version);

    remount("ro");
    assert_eq!(store.load(&key(1)).await.unwrap().unwrap().body, "body");
    let put = store.put(&key(1), "new".into(), HOUR, condition.clone()).await;
    check(&put.unwrap_err(), StoreErrorKind::Unavailable, &root, "read-only");
    let put = store.put(&key(2), "new".into(), HOUR, Condition::IfAbsent).await;
    check(&put.unwrap_err(), StoreErrorKind::Unavailable, &root, "read-only");
    let remove = store.remove(&key(1)).await;
    check(&remove.unwrap_err(), StoreErrorKind::Unavailable, &root, "read-only");
    let other = FsStore::open(&root).unwrap();
    assert!(other.load(&key(1)).await.unwrap().is_some());
    let missing = disk.join("other");
    check(
        &FsStore::open(&missing).unwrap_err(),
        StoreErrorKind::Unavailable,
        &missing,
        "read-only",
    );

    remount("rw");
    let put = store.put(&key(1), "new".into(), HOUR, condition).await;
    assert!(matches!(put.unwrap(), PutOutcome::Stored(_)));
}

/// Runs as another user if the tests run as root, because root is never denied.
#[tokio::test]
async fn permission_denied() {
    if let Some(argument) = child_argument() {
        return check_denied(Path::new(&argument)).await;
    }
    let scratch = Scratch::new();
    if !is_root() {
        return check_denied(scratch.path()).await;
    }
    // The other user can neither run the test program where it is, nor write there.
    let exe = scratch.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
    let home = scratch.path().join("home");
    fs::create_dir(&home).unwrap();
    chown(&home, Some(65534), Some(65534)).unwrap();
    let user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    succeed(&mut child_of(&exe, &user, "permission_denied", &home));
}

async fn check_denied(home: &Path) {
    let set_mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let denied = |error: StoreError, path: &Path| {
        check(&error, StoreErrorKind::Config, path, "permission denied")
    };
    assert!(!is_root());
    let root = home.join("sessions");
    let store = FsStore::open(&root).unwrap();
    let version = insert(&store, &key(1), "body").await;
    let condition = Condition::IfVersion(version);
    let path = path_of(&root, &key(1));
    let directory = path.parent().unwrap();

    set_mode(&path, 0o000);
    denied(store.load(&key(1)).await.unwrap_err(), &path);
    denied(store.put(&key(1), "new".into(), HOUR, condition.clone()).await.unwrap_err(), &path);
    set_mode(&path, 0o600);

    set_mode(directory, 0o500);
    assert!(store.load(&key(1)).await.unwrap().is_some());
    denied(store.put(&key(1), "new".into(), HOUR, condition.clone()).await.unwrap_err(), directory);
    denied(store.remove(&key(1)).await.unwrap_err(), &path);
    set_mode(directory, 0o000);
    denied(store.load(&key(1)).await.unwrap_err(), &path);
    denied(store.sweep(10).await.unwrap_err(), directory);
    set_mode(directory, 0o700);

    assert_eq!(store.load(&key(1)).await.unwrap().unwrap().body, "body");
    let put = store.put(&key(1), "new".into(), HOUR, condition).await;
    assert!(matches!(put.unwrap(), PutOutcome::Stored(_)));

    set_mode(home, 0o500);
    let other = home.join("other");
    denied(FsStore::open(&other).unwrap_err(), &other);
    set_mode(home, 0o700);
}

#[tokio::test]
async fn a_directory_that_is_a_file() {
    let scratch = Scratch::new();
    let file = scratch.path().join("file");
    fs::write(&file, "not ours").unwrap();
    check(
        &FsStore::open(&file).unwrap_err(),
        StoreErrorKind::Config,
        &file,
        "a file is in the place",
    );
    let inside = file.join("sessions");
    check(
        &FsStore::open(&inside).unwrap_err(),
        StoreErrorKind::Config,
        &inside,
        "a file is in the place",
    );

    let root = scratch.root();
    let store = FsStore::open(&root).unwrap();
    let path = path_of(&root, &key(1));
    let directory = path.parent().unwrap();
    fs::write(directory, "in the way").unwrap();
    let is_file = |error: StoreError| {
        check(&error, StoreErrorKind::Config, directory, "a file is in the place")
    };
    is_file(store.load(&key(1)).await.unwrap_err());
    is_file(store.put(&key(1), "new".into(), HOUR, Condition::IfAbsent).await.unwrap_err());
    is_file(store.remove(&key(1)).await.unwrap_err());
    is_file(store.sweep(10).await.unwrap_err());
    // Each sweep continues behind the directory that failed.
    insert(&store, &key(2), "body").await;
    insert(&store, &key(3), "body").await;
    store.advance(HOUR * 3);
    for _ in 0..2 {
        is_file(store.sweep(10).await.unwrap_err());
    }
    assert!(!path_of(&root, &key(2)).exists() && !path_of(&root, &key(3)).exists());
    assert_eq!(fs::read(directory).unwrap(), b"in the way");
    assert_eq!(fs::read(&file).unwrap(), b"not ours");
}

#[tokio::test]
async fn a_store_that_has_vanished_is_an_error() {
    let scratch = Scratch::new();
    let root = scratch.root();
    let store = FsStore::open(&root).unwrap();
    let version = insert(&store, &key(1), "body").await;
    let away = scratch.path().join("away");
    fs::rename(&root, &away).unwrap();
    for mounted in [false, true] {
        if mounted {
            // An empty mount point, as after an unmount.
            fs::create_dir(&root).unwrap();
        }
        let why = if mounted { "another directory has taken the place" } else { "it has vanished" };
        let vanished = |error: StoreError| check(&error, StoreErrorKind::Unavailable, &root, why);
        vanished(store.load(&key(1)).await.unwrap_err());
        vanished(store.remove(&key(1)).await.unwrap_err());
        vanished(store.sweep(10).await.unwrap_err());
        for condition in [Condition::IfAbsent, Condition::IfVersion(version.clone())] {
            vanished(store.put(&key(1), "new".into(), HOUR, condition).await.unwrap_err());
        }
    }
    fs::remove_dir(&root).unwrap();
    fs::rename(&away, &root).unwrap();
    assert!(store.load(&key(1)).await.unwrap().is_some());
}

#[test]
fn a_root_that_others_may_write_to_is_refused() {
    let scratch = Scratch::new();
    for mode in [0o777, 0o1777, 0o770, 0o702] {
        let root = scratch.path().join(format!("{mode:o}"));
        fs::DirBuilder::new().mode(0o700).create(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(mode)).unwrap();
        check(
            &FsStore::open(&root).unwrap_err(),
            StoreErrorKind::Config,
            &root,
            &format!("{mode:04o}"),
        );
        FsStore::open(root.join("sessions")).unwrap();
    }
    let readable = scratch.path().join("readable");
    fs::DirBuilder::new().mode(0o755).create(&readable).unwrap();
    FsStore::open(&readable).unwrap();
}

/// Gives `path` to another user, if this test runs as root.
fn give_away(path: &Path) -> bool {
    chown(path, Some(65534), None).is_ok()
}

/// Its owner could create sessions. So root does not work in the directory of a server that runs as
/// another user either: what it leaves there would be closed to the server.
#[tokio::test]
async fn a_root_of_another_user_is_refused() {
    let scratch = Scratch::new();
    let root = scratch.root();
    fs::DirBuilder::new().mode(0o700).create(&root).unwrap();
    let (root, owner) = if give_away(&root) { (root, 65534) } else { ("/usr".into(), 0) };
    let error = FsStore::open(&root).unwrap_err();
    check(&error, StoreErrorKind::Config, &root, &format!("belongs to user {owner}"));
    assert!(!root.join("00").exists());
}

/// Someone else may write to one of the directories.
#[tokio::test]
async fn a_bucket_that_others_may_write_to_is_refused() {
    type Change = fn(&Path) -> bool;
    let changes: [(Change, &str); 4] = [
        (|path| fs::set_permissions(path, fs::Permissions::from_mode(0o770)).is_ok(), "mode 0770"),
        (|path| fs::set_permissions(path, fs::Permissions::from_mode(0o702)).is_ok(), "mode 0702"),
        (
            |path| {
                let elsewhere = path.with_extension("elsewhere");
                fs::rename(path, &elsewhere).unwrap();
                std::os::unix::fs::symlink(elsewhere, path).is_ok()
            },
            "in the place of a directory",
        ),
        (give_away, "belongs to user 65534"),
    ];
    for (change, words) in changes {
        let scratch = Scratch::new();
        let store = FsStore::open(scratch.root()).unwrap();
        let version = insert(&store, &key(1), "body").await;
        let bucket = path_of(&scratch.root(), &key(1)).parent().unwrap().to_owned();
        if !change(&bucket) {
            println!("{words}: only root can give a directory away, and this is another user");
            continue;
        }
        let refused = |error: StoreError| check(&error, StoreErrorKind::Config, &bucket, words);
        refused(store.load(&key(1)).await.unwrap_err());
        refused(store.remove(&key(1)).await.unwrap_err());
        for condition in [Condition::IfAbsent, Condition::IfVersion(version.clone())] {
            refused(store.put(&key(1), "new".into(), HOUR, condition).await.unwrap_err());
        }
        let mut sweeps = Vec::new();
        for _ in 0..2 {
            sweeps.extend(store.sweep(usize::MAX).await.err());
        }
        assert!(sweeps.iter().any(|error| error.to_string().contains(words)));
    }
}

/// A program that cleans up by age removes directories in which nothing is left.
#[tokio::test]
async fn a_bucket_that_was_removed_is_created_again() {
    let scratch = Scratch::new();
    let store = FsStore::open(scratch.root()).unwrap();
    let bucket = path_of(&scratch.root(), &key(1)).parent().unwrap().to_owned();
    for _ in 0..3 {
        insert(&store, &key(1), "body").await;
        assert_eq!(store.sweep(usize::MAX).await.unwrap(), 0);
        assert!(store.remove(&key(1)).await.unwrap());
        fs::remove_dir(&bucket).unwrap();
        assert!(!store.remove(&key(1)).await.unwrap());
        assert!(store.load(&key(1)).await.unwrap().is_none());
    }
    assert_eq!(fs::read_dir(scratch.root()).unwrap().count(), 0, "there are no other files");
}

/// Empty directories are removed all the time, and no two writers hold the lock at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_inserts_wins_while_directories_are_removed() {
    let scratch = Scratch::new();
    // Two stores, as in two processes: they share no lock but that of the file system.
    let stores = [FsStore::open(scratch.root()).unwrap(), FsStore::open(scratch.root()).unwrap()];
    let bucket = path_of(&scratch.root(), &key(1)).parent().unwrap().to_owned();
    let mut removed = 0;
    for round in 0.. {
        if round >= 100 && removed >= 20 {
            break;
        }
        assert!(round < 10_000, "only {removed} directories were removed meanwhile");
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..4 {
            let store = stores[number % 2].clone();
            writers.spawn(async move {
                let body = format!("{round} {number}").into();
                let put = store.put(&key(1), body, HOUR, Condition::IfAbsent).await;
                // A writer that comes upon the removal says so, and tries again.
                matches!(put, Ok(PutOutcome::Stored(_)))
            });
        }
        let mut won = 0;
        while !writers.is_empty() {
            removed += u32::from(fs::remove_dir(&bucket).is_ok());
            while let Some(done) = writers.try_join_next() {
                won += u32::from(done.unwrap());
            }
            tokio::task::yield_now().await;
        }
        assert!(won <= 1, "{won} writers have created the record");
        assert_eq!(stores[0].remove(&key(1)).await.unwrap(), won == 1);
    }
}

/// Two sessions share a lock by chance. One of them is written by 200 requests at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_does_not_wait_for_many_writers_of_another_session() {
    let scratch = Scratch::new();
    let store = FsStore::open(scratch.root()).unwrap();
    let mut other = [7; 32];
    other[31] = 8;
    let [busy, stranger] = [[7; 32], other].map(RecordKey::from_digest);
    insert(&store, &busy, "0").await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..200 {
        let (store, busy) = (store.clone(), busy.clone());
        writers.spawn(async move {
            for round in 0..10 {
                let record = store.load(&busy).await.unwrap().unwrap();
                let body = format!("{number} {round}");
                let condition = Condition::IfVersion(record.version);
                let _ = store.put(&busy, body.into(), HOUR, condition).await.unwrap();
            }
        });
    }
    let mut version = insert(&store, &stranger, "first").await;
    let mut longest = Duration::ZERO;
    while !writers.is_empty() {
        let began = Instant::now();
        let condition = Condition::IfVersion(version);
        let put = store.put(&stranger, "next".into(), HOUR, condition).await.unwrap();
        longest = longest.max(began.elapsed());
        let PutOutcome::Stored(new) = put else { panic!("{put:?}") };
        version = new;
        while let Some(done) = writers.try_join_next() {
            done.unwrap();
        }
    }
    println!("the longest wait of a stranger: {longest:?}");
    assert!(longest < Duration::from_secs(1), "{longest:?}");
}
